"""``python -m autogauge emulated``: a script that needs only openvino meets emulated GPUs, and its ending is the command's."""

import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.emulation.asked import DISCRETE, OTHER_VENDOR, Gpus, with_faults
from autogauge.errors import UserError
from autogauge.probe.request import MOST_GPUS, EmulatedGpu, Emulation
from tests.cases import each_of
from tests.properties import untimed
from tests.support import ROOT, is_gone, run_cli, wait_until

SCRIPT = """
import sys
import openvino as ov
print(__name__, sys.argv[1:], ov.Core().available_devices, "autogauge" in sys.modules)
sys.exit(int(sys.argv[1]))
"""
FAILS = """
import numpy as np
import openvino as ov
try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops
given = ops.parameter([1, 8], np.float32)
ov.Core().compile_model(ov.Model([ops.result(ops.relu(given))], [given], "relu"), "GPU")
"""


def run(tmp_path, script, *words, options=(), **others):
    path = tmp_path / "script.py"
    path.write_text(script)
    return run_cli("emulated", *options, str(path), *words, **others)


@pytest.mark.slow
def test_a_script_sees_the_gpus_and_its_own_words_and_ends_as_it_likes(tmp_path, emulation, autogauge_cache):
    done = run(
        tmp_path, SCRIPT, "7", "--gpus=9", "-x", options=("--gpus=2,discrete", f"--cache={autogauge_cache.root}")
    )
    assert done.stdout.split("\n")[0] == "__main__ ['7', '--gpus=9', '-x'] ['CPU', 'GPU.0', 'GPU.1'] False"
    assert done.returncode == 7
    assert f"{tmp_path}/script.py sees 2 emulated GPUs, the last one discrete, and no real one" in done.stderr


@pytest.mark.slow
def test_a_fault_is_met_and_told_beside_the_scripts_own_traceback(tmp_path, emulation, autogauge_cache):
    done = run(tmp_path, FAILS, options=("--fault=0:build=fail", f"--cache={autogauge_cache.root}"))
    assert done.returncode == 1
    assert "1 emulated GPU with 0:build=fail" in done.stderr
    assert "build" in done.stderr.partition("Traceback")[2]
    assert run(tmp_path, FAILS, options=(f"--cache={autogauge_cache.root}",)).returncode == 0


@pytest.mark.slow
def test_a_script_that_is_killed_is_told_by_the_signal(tmp_path, emulation, autogauge_cache):
    done = run(tmp_path, "import os\nos.kill(os.getpid(), 11)", options=(f"--cache={autogauge_cache.root}",))
    assert done.returncode == 128 + signal.SIGSEGV
    assert "was killed by SIGSEGV" in done.stderr


HANGS = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"]).pid, flush=True)
time.sleep(100)
"""


@pytest.mark.slow
def test_a_script_that_hangs_is_ended_with_what_it_started(tmp_path, emulation, autogauge_cache):
    done = run(tmp_path, HANGS, options=("--deadline=5", f"--cache={autogauge_cache.root}"))
    assert done.returncode == 2
    assert "had not ended after 5 s" in done.stderr
    assert "(--deadline=SECONDS)" in done.stderr
    assert "Traceback" not in done.stderr
    assert wait_until(lambda: is_gone(int(done.stdout.split()[0])))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_command_that_is_ended_leaves_no_script(tmp_path, emulation, autogauge_cache, number):
    path = tmp_path / "script.py"
    path.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(100)")
    listening = ("env", "--default-signal=INT")  # what a shell's background job starts ignores Ctrl-C
    command = subprocess.Popen(
        [*listening, sys.executable, "-m", "autogauge", "emulated", f"--cache={autogauge_cache.root}", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert command.stdout is not None
        child = int(command.stdout.readline())
        assert not is_gone(child)
        command.send_signal(number)
        _, told = command.communicate(timeout=60)
    finally:
        command.kill()
    assert wait_until(lambda: is_gone(child))
    if number == signal.SIGINT:
        assert command.returncode == 2
        assert "interrupted by SIGINT" in told


@each_of(
    ("words", "told"),
    [
        (("--gpus=3", "x.py"), "'3' does not say which GPUs"),
        (("--gpus=2,discreet", "x.py"), "such as 2,discrete (--gpus)"),
        (("--gpus=2,discrete,discrete", "x.py"), "does not say"),
        (("--gpus=", "x.py"), "does not say"),
        (("--fault=build=fail", "x.py"), "is no fault of an emulated GPU: write GPU:WHAT=HOW"),
        (("--fault=0:build=crash", "x.py"), "fault is fail, hang or slow:SECONDS, not 'crash' (--fault)"),
        (("--fault=1:build=fail", "x.py"), "of a GPU that is not emulated"),
        (("--fault=0:build=fail", "--fault=0:build=hang", "x.py"), "second fault of that kind"),
        (("--fault=0:build=fail", "--fault=0:launch=hang,after=2", "x.py"), "give both the same after=N"),
        (("--deadline=0", "x.py"), "at least 1 (--deadline)"),
        (("no-such-script.py",), "there is no script no-such-script.py"),
        ((str(ROOT),), "there is no script"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_runs(words, told):
    done = CliRunner().invoke(app, ["emulated", *words])
    assert isinstance(done.exception, UserError), done.output
    assert told in str(done.exception)


def test_every_way_to_ask_for_gpus_is_read_back_and_is_one_that_can_be_emulated():
    every = [Gpus(n + 1, d, o) for n in range(MOST_GPUS) for d in (False, True) for o in (False, True)]
    assert [Gpus.read("--gpus", each.text) for each in every] == every
    assert len({each.text for each in every}) == len({each.words for each in every}) == len(every)
    assert Gpus.read("--gpus", f"2,{OTHER_VENDOR},{DISCRETE}").text == "2,discrete,other-vendor"
    for each in every:
        assert len(Emulation("", "", "", (), each.devices).devices) == (0 if each.is_plain else each.number)
    assert Gpus.read("--gpus", "2,other-vendor").devices == (EmulatedGpu(), EmulatedGpu(vendor="other"))


def test_any_text_is_read_or_refused_in_a_sentence():
    from hypothesis import given
    from hypothesis import strategies as st

    refused = []
    words = st.lists(st.sampled_from(["1", "2", "3", "discrete", "other-vendor", ""]) | st.text(max_size=3), max_size=4)

    @untimed(40)
    @given(words.map(",".join))
    def gpus(text):
        try:
            found = Gpus.read("--gpus", text)
        except UserError as error:
            refused.append(str(error))
        else:
            assert sorted(found.text.split(",")) == sorted(text.split(","))

    parts = st.tuples(
        st.sampled_from(["0", "1", "2", ""]),
        st.sampled_from(["build", "launch", "lunch"]),
        st.sampled_from(["fail", "hang", "slow:1.5", "slow:", "x"]),
        st.sampled_from(["", ",after=0", ",after=3", ",after=", ",after=-1"]),
    )

    @untimed(40)
    @given(st.lists(parts.map(lambda each: "{}:{}={}{}".format(*each)), max_size=3), st.booleans())
    def faults(texts, are_two):
        asked = Gpus(2) if are_two else Gpus()
        try:
            devices = with_faults("--fault", asked, texts)
        except UserError as error:
            refused.append(str(error))
        else:
            said = [
                f"{n}:{w}={how}"
                for n, each in enumerate(devices)
                for w in ("build", "launch")
                if (how := getattr(each, w))
            ]
            assert sorted(said) == sorted(text.partition(",")[0] for text in texts)

    gpus()
    faults()
    assert refused
    assert all(each.endswith(("(--gpus).", "(--fault).")) for each in refused)


def test_a_folder_with_a_colon_is_refused_since_the_script_runs_in_the_users_own(tmp_path, emulation, monkeypatch):
    from dataclasses import replace

    from autogauge.cli import emulated

    monkeypatch.setattr(emulated.parts, "prepare", lambda _: replace(emulation, layer=f"/a{os.pathsep}b/layer.so"))
    (tmp_path / "x.py").touch()
    done = CliRunner().invoke(app, ["emulated", f"--cache={tmp_path}", str(tmp_path / "x.py")])
    assert "in a folder whose name has a :" in str(done.exception)
