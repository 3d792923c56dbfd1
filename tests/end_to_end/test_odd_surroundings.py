"""No home, no name, no folder to be in, no place for temporary files: what can be done is done, the rest is one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autogauge.cache import default_cache_dir
from autogauge.errors import UserError
from autogauge.settings import Settings
from tests import histories
from tests.support import ROOT, bare_suite_command, lock_of_its_own, sentence_of

NOBODY = ["unshare", "--map-user=12345", "--map-group=12345"]
"""A user that has a number, no name and no home."""
CLI = [sys.executable, "-m", "autogauge"]


def bare(command, *, wrap=(), cwd=ROOT, **environment):
    """Run a command with next to nothing in its environment."""
    kept = {"PATH": os.environ["PATH"], "AUTOGAUGE_LOCK": str(lock_of_its_own()), **environment}
    return subprocess.run(
        [*wrap, *command], cwd=cwd, env=kept, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def nobody():
    """How to become the user without a home."""
    if subprocess.run([*NOBODY, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody map users (unshare --map-user)")
    return NOBODY


def test_a_user_without_a_home_is_asked_for_a_cache_only_where_one_is_needed(nobody, tmp_path):
    listed = bare(bare_suite_command("-m", "perf", "--collect-only", "-q"), wrap=nobody)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "tests collected" in listed.stdout
    assert "has no home folder" in sentence_of(bare([*CLI, "models"], wrap=nobody))


@pytest.mark.slow
def test_a_run_of_a_user_without_a_home_is_one_sentence(nobody, tmp_path):
    sentence = sentence_of(bare(bare_suite_command("-m", "perf", f"--reports={tmp_path}/reports"), wrap=nobody))
    assert "this user (number 12345) has no home folder" in sentence
    assert "(--cache=DIR, or AUTOGAUGE_CACHE in the environment)" in sentence
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_user_without_a_home_reads_a_history_all_the_same(nobody, tmp_path):
    histories.year(tmp_path, runs=3)
    done = bare([*CLI, "history", f"--history={tmp_path}", "--all"], wrap=nobody)
    assert done.returncode == 0, done.stderr
    assert "3 runs" in done.stdout


@pytest.mark.slow
def test_a_user_without_a_home_or_a_name_measures_with_a_cache_that_is_named(nobody, tmp_path, model_cache):
    options = ("-m", "perf", "--profile=quick", "--model=one-convolution", "-k", "first_inference_latency")
    places = (f"--reports={tmp_path}", f"--cache={model_cache}")
    done = bare(bare_suite_command(*options, *places), wrap=nobody, TMPDIR="/no/such/folder")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "history: " in done.stdout


@pytest.mark.parametrize("found", [RuntimeError("no home"), "~/.cache/autogauge"], ids=["new", "old"])
def test_whatever_platformdirs_does_without_a_home_no_folder_is_called_tilde(found, monkeypatch):
    def user_cache_dir(*_, **__):
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.delenv("AUTOGAUGE_CACHE", raising=False)
    monkeypatch.setattr("autogauge.cache.platformdirs.user_cache_dir", user_cache_dir)
    with pytest.raises(UserError, match="has no home folder"):
        default_cache_dir()


def test_a_folder_that_is_gone_is_one_sentence(tmp_path):
    script = f"cd {tmp_path} && mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} -m autogauge models --cache=mine"
    assert "is gone: change to one that is there (cd)" in sentence_of(bare(["sh", "-c", script], PYTHONPATH=str(ROOT)))


def test_no_place_for_temporary_files_is_one_sentence(tmp_path):
    script = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/no/such/folder']; from autogauge.cli.main import main; main()"
    done = bare([sys.executable, "-c", script, "devices"])
    assert "no folder for temporary files that this user may write to" in sentence_of(done)


@pytest.mark.parametrize(
    ("place", "named", "reports"),
    [("", None, "reports"), ("tests", None, f"{ROOT}/reports"), ("/", None, f"{ROOT}/reports"), ("/", "mine", "mine")],
)
def test_a_history_is_the_same_wherever_pytest_is_started(place, named, reports):
    from fixtures.session import reports_folder

    given = {"--reports": named} if named else {}
    assert Settings.of(given, reports_folder(ROOT / place)).reports == Path(reports)


@pytest.mark.slow
def test_and_a_session_that_is_started_elsewhere_says_where_it_is(tmp_path):
    command = bare_suite_command("-m", "perf", "--collect-only", f"{ROOT}/tests/perf")
    done = bare([each for each in command if each != "tests/perf"], cwd=tmp_path, AUTOGAUGE_CACHE=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f", reports in {ROOT}/reports\n" in done.stdout


@pytest.mark.parametrize(
    ("shell", "status", "said"),
    [
        ('"$@" --help | true; exit ${PIPESTATUS[0]}', 141, ""),
        ('"$@" --help > /dev/full', 2, "autogauge: the output cannot be written: No space left on device.\n"),
        ('"$@" --help >&-', 0, ""),
    ],
    ids=["a pipe that nobody reads", "a full disk", "no output at all"],
)
def test_output_that_nobody_takes_is_no_bad_news(shell, status, said):
    done = bare(["bash", "-c", shell, "bash", *CLI], PYTHONUNBUFFERED="")
    assert (done.returncode, done.stderr) == (status, said)
