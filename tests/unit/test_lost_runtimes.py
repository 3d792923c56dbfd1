"""An openvino that was removed ends everything of a run; a machine that lacks files or memory for a moment has removed nothing."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from autogauge.probe.identity import Identity, Runtime, WrongRuntime
from autogauge.probe.launcher import Launcher
from autogauge.probe.lost import is_lost
from autogauge.probe.request import ProbeFailed
from tests.cases import each_of
from tests.support import misbehaving_python

CANNOT = "cannot open shared object file"


@pytest.fixture
def there(tmp_path):
    """An openvino that lies in a folder: its package, its library, and what it needs."""
    package = tmp_path / "an env" / "openvino"
    (package / "libs").mkdir(parents=True)
    for file in ("__init__.py", "libs/libopenvino.so.2541"):
        (package / file).touch()
    return Identity("2026.4.1-1", str(package), str(package / "libs"))


@each_of(
    "reason",
    [
        f"libopenvino.so.2541: {CANNOT}: Too many open files",
        f"libgone.so: {CANNOT}: Too many open files in system",
        f"libgone.so: {CANNOT}: Cannot allocate memory",
        f"libgone.so: {CANNOT}: Input/output error",
        "[Errno 24] Too many open files: '/no/such/file'",
        f"libopenvino.so.2541: {CANNOT}: No such file or directory",  # for a moment: it is there
        f"{{folder}}/libs/libopenvino.so.2541: {CANNOT}: Permission denied",
        f"Cannot load library '{{folder}}/libs/libopenvino.so.2541': {CANNOT}: No such file or directory",
        "[Errno 2] No such file or directory: '{folder}/__init__.py'",
        "MemoryError",
        "of a driver: failed",
    ],
)
def test_what_is_there_was_not_removed(there, reason):
    assert not is_lost(reason.format(folder=there.package), there)


@each_of(
    "reason",
    [
        f"libgone.so.1: {CANNOT}: No such file or directory",
        f"{{folder}}/libs/libgone.so.1: {CANNOT}: No such file or directory",
        "[Errno 2] No such file or directory: '{folder}/gone.py'",
        "No module named 'openvino'",  # which may still be there: the file that led to it is not
        "cannot import name 'Core' from 'openvino' ({folder}/__init__.py)",
        "{folder}/libs/libopenvino.so.2541: invalid ELF header",
        "{folder}/libs/libopenvino.so.2541: undefined symbol: x",
    ],
)
def test_what_is_missing_or_spoilt_is_lost(there, reason):
    assert is_lost(reason.format(folder=there.package), there)


PLUGIN = "libopenvino_intel_cpu_plugin.so"


@each_of("change", ["is another one", "is gone", "is new"])
def test_libraries_that_were_built_anew_in_their_place_are_a_change(there, change):
    plugin, runtime = Path(there.library, PLUGIN), Runtime("/env/bin/python", "the reference env")
    if change != "is new":
        plugin.write_bytes(b"one build")
    runtime.check(there)
    Path(there.library, "notes.txt").touch()
    runtime.check(there)
    plugin.unlink() if change == "is gone" else plugin.write_bytes(b"another build")
    with pytest.raises(WrongRuntime, match=rf"env changed while it was measured: {plugin} {change}; nothing of this"):
        runtime.check(there)


def test_a_library_of_the_same_size_is_told_by_its_time(there):
    plugin, runtime = Path(there.library, PLUGIN), Runtime("/env/bin/python", "the reference env", by_itself=True)
    plugin.write_bytes(b"one build")
    runtime.check(there)
    plugin.write_bytes(b"two build")
    os.utime(plugin, (1, 1))
    with pytest.raises(WrongRuntime, match="is another one; nothing of it is kept"):
        replace(runtime, name="the same").check(there)


def test_why_no_more_is_measured_with_one_is_a_sentence_by_itself(there, tmp_path):
    runtime = Runtime("/env/bin/python", "the env", by_itself=True)
    runtime.spoil(runtime.gone("it is not there"))
    with pytest.raises(ProbeFailed) as caught:
        Launcher(tmp_path / "probes", runtime).describe()
    assert str(caught.value).endswith("packages as they are, and run again")


@each_of(("why", "ends_all"), [("Too many open files", False), ("No such file or directory", True)])
def test_a_probe_that_could_not_open_a_library_for_once_ends_no_run(tmp_path, why, ends_all):
    said = f"libopenvino.so.2541: {CANNOT}: {why}"
    python = misbehaving_python(
        tmp_path,
        "class No:\n    def find_spec(self, name, *_):\n"
        f"        if name == 'openvino': raise ImportError({said!r})\n"
        "sys.meta_path.insert(0, No())",
    )
    runtime = Runtime(python, "the reference env")
    runtime.check(Identity("2026.4.1-1", str(tmp_path / "openvino"), str(tmp_path / "openvino" / "libs")))
    with pytest.raises(WrongRuntime if ends_all else ProbeFailed, match=why):
        Launcher(tmp_path / "probes", runtime).describe()
