"""What is copied to a lab's machines: the suite, and nothing else that lies in the checkout."""

import os
import subprocess
import tarfile
import time

import pytest

from autogauge.lab.fleet import packed
from tests.cases import each_of

SUITE = ("conftest.py", "pytest.ini", "requirements.txt", "fixtures/gate.py", "tests/perf/test_x.py", "autogauge/a.py")
SECRETS = {
    "lab.ini": "lab-01 ansible_password=hunter2",
    "lab.yml": "ansible_password: hunter2",
    "channels": "ops=slack://hunter2",
    "tests/perf/key.pem": "hunter2",
    "autogauge/.env": "hunter2",
    "lab-results/history/lab-01/0001_run.json": "hunter2",
    "group_vars/all.yml": "ansible_password: hunter2",
}


def write(project, files):
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(project, *words):
    command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(project), *words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture
def project(tmp_path):
    """A checkout with the suite in it, which git does not know yet."""
    write(tmp_path / "project", dict.fromkeys(SUITE, "x = 1\n"))
    return tmp_path / "project"


def members(path):
    with tarfile.open(path) as archive:
        return {each.name: each for each in archive} | {
            "all": b"".join(archive.extractfile(each).read() for each in archive)
        }


@each_of("has_git", [True, False])
def test_a_secret_in_the_checkout_does_not_travel(project, tmp_path, has_git):
    if has_git:
        git(project, "init", "-q")
        git(project, "add", ".")
    write(project, SECRETS)
    (project / "channels").chmod(0o600)
    found = members(packed.pack(tmp_path, project))
    assert b"hunter2" not in found.pop("all")
    assert {*found} == {*SUITE, packed.COMPLETE}


def test_nor_does_an_inventory_that_git_tracks(project, tmp_path):
    write(project, {name: SECRETS[name] for name in ("lab.ini", "group_vars/all.yml")})
    git(project, "init", "-q")
    git(project, "add", ".")
    found = members(packed.pack(tmp_path, project, project / "lab.ini"))
    assert b"hunter2" not in found.pop("all")
    assert {*found} == {*SUITE, packed.COMPLETE}


def test_a_link_that_leads_out_of_it_is_not_followed(project, tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    (project / "fixtures" / "out.py").symlink_to(tmp_path / "secret")
    (project / "fixtures" / "in.py").symlink_to("gate.py")
    git(project, "init", "-q")
    git(project, "add", ".")
    found = members(packed.pack(tmp_path, project))
    assert b"hunter2" not in found["all"]
    assert "fixtures/out.py" not in found
    assert "fixtures/in.py" in found


def test_nobody_may_read_more_there_than_here(project, tmp_path):
    (project / "conftest.py").chmod(0o600)
    (project / "fixtures" / "gate.py").chmod(0o777)
    (project / "autogauge" / "a.py").chmod(0o4750)
    found = members(packed.pack(tmp_path, project))
    modes = {name: found[name].mode for name in ("conftest.py", "fixtures/gate.py", "autogauge/a.py")}
    assert modes == {"conftest.py": 0o600, "fixtures/gate.py": 0o755, "autogauge/a.py": 0o750}


def test_within_another_repository_that_ignores_it_the_suite_is_packed(project, tmp_path):
    git(tmp_path, "init", "-q")
    write(project, SECRETS)
    found = members(packed.pack(tmp_path, project))
    assert b"hunter2" not in found.pop("all")
    assert {*SUITE} < {*found}


def test_what_git_does_not_know_is_told(project):
    git(project, "init", "-q")
    git(project, "add", ".")
    write(project, {"tests/perf/test_mine.py": "x", "mine.py": "x", **SECRETS})
    assert packed.unknown_to_git(project) == ["tests/perf/test_mine.py"]


def test_old_packs_do_not_pile_up(project, tmp_path):
    def packs(text):
        write(project, {"conftest.py": text})
        return packed.pack(tmp_path, project)

    first, second = packs("a"), packs("b")
    long_ago = time.time() - packed.KEPT_S - 60
    for each in (first, second):
        os.utime(each, (long_ago, long_ago))
    assert packs("b") == second, "it is used again, and so is not old"
    third = packs("c")
    assert [path.exists() for path in (first, second, third)] == [False, True, True]
