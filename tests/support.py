"""Helpers of several tests: the suite run as a user runs it, runtimes that misbehave, and narrow file systems."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autogauge.emulation import parts
from autogauge.rig.lock import VARIABLE
from tests.forking import Forking

if TYPE_CHECKING:
    import psutil

    from autogauge.measuring.result import Result

ROOT = Path(__file__).parents[1]
PYTEST = (sys.executable, "-m", "pytest")


def suite_command(*options: str) -> list[str]:
    """The command line of the suite with these options, with a measuring lock of its own; nothing is left in the project's folder."""
    return ["env", f"{VARIABLE}={lock_of_its_own()}", *bare_suite_command(*options)]


def bare_suite_command(*options: str) -> list[str]:
    """The same without a lock of its own."""
    if "perf" in options and not any(each.startswith("--model-source") for each in options):
        options = (*options, "--model-source=embedded")  # so that no test waits for, or downloads from, the network
    if "perf" in options and not any(each.startswith("--pinned") for each in options):
        options = (*options, "--pinned=off")  # nor installs an OpenVINO release of its own
    if "perf" in options and not any(each.startswith("--disturbed") for each in options):
        options = (*options, "--disturbed=accept")  # tests run beside each other
    return [*PYTEST, "-p", "no:cacheprovider", *options]


_numbers = itertools.count(1)


@functools.cache
def _locks() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="autogauge-test-locks-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def lock_of_its_own() -> Path:
    """A file for the measuring lock that nobody else uses: tests do not wait for each other, nor for who really measures here."""
    return _locks() / str(next(_numbers))


def run_suite(
    *options: str,
    timeout_s: float = 120,
    as_bytes: bool = False,
    inherited: Mapping[str, str] | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[Any]:
    """Run pytest in the project's folder, as a user does; it inherits this process's environment, or what is given."""
    if inherited is None and _may_fork(as_bytes, environment):
        words = bare_suite_command(*options)[len(PYTEST) :]
        return _forking("pytest").run(words, _surroundings(environment), timeout_s)
    return _run(bare_suite_command(*options), timeout_s, environment, as_bytes, inherited)


def run_cli(
    *words: str, timeout_s: float = 120, as_bytes: bool = False, **environment: str
) -> subprocess.CompletedProcess[Any]:
    """Run ``python -m autogauge`` in the project's folder; by a fork, unless what is before its imports matters."""
    if _may_fork(as_bytes, environment):
        return _forking("autogauge").run(list(words), _surroundings(environment), timeout_s)
    return _run([sys.executable, "-m", "autogauge", *words], timeout_s, environment, as_bytes)


def cli_in(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in another folder, for what measures nothing."""
    return _forking("autogauge").run(list(words), _surroundings(environment), 60, started_in=folder)


def run_script(
    script: str, *words: str, timeout_s: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m benchmarks.script`` in the project's folder by a fork: for what measures nothing."""
    return _forking("benchmarks").run(list(words), _surroundings(environment), timeout_s, f"benchmarks.{script}")


def _may_fork(as_bytes: bool, environment: Mapping[str, str]) -> bool:
    """Whether nothing matters that an interpreter reads when it starts: encodings, and where it finds its modules."""
    return not as_bytes and not any(name.startswith(("PYTHON", "LC_", "LANG")) for name in environment)


_of_this_thread = threading.local()


def _forking(module: str) -> Forking:
    forking = vars(_of_this_thread).get(module)
    if forking is None:
        forking = vars(_of_this_thread)[module] = Forking(module)
        atexit.register(forking.close)
    assert isinstance(forking, Forking)
    return forking


def run_module(
    module: str, *words: str, timeout_s: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module`` in the project's folder."""
    return _run([sys.executable, "-m", module, *words], timeout_s, environment)


def _run(
    command: list[str],
    timeout_s: float,
    environment: dict[str, str],
    as_bytes: bool = False,
    inherited: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[Any]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=_surroundings(environment, inherited),
        capture_output=True,
        text=not as_bytes,
        timeout=timeout_s,
        check=False,
    )


def _surroundings(environment: Mapping[str, str], inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    # A child that may keep its compiled modules starts a quarter sooner the next time.
    around = os.environ if inherited is None else inherited
    kept = {name: value for name, value in around.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "COLUMNS": "120", VARIABLE: str(lock_of_its_own()), **environment}


def results_of(summary: dict[str, Any]) -> dict[str, Result]:
    """What a run's summary holds of each study, read back."""
    from autogauge.measuring import saving

    return {each["name"]: saving.from_json(each) for each in summary["studies"]}


def sentence_of(done: subprocess.CompletedProcess[str]) -> str:
    """What a user's mistake printed, checked to be one sentence with exit status 2 and without a traceback."""
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    assert "Traceback" not in output, output
    lines = [
        line.strip(" !") for line in output.splitlines() if line.startswith(("Exit: ", "!", "autogauge: ", "ERROR: "))
    ]
    lines = [line for line in lines if "no tests ran" not in line]
    assert len(lines) == 1, output
    return lines[0].removeprefix("Exit: ").removeprefix("_pytest.outcomes.Exit: ").removeprefix("autogauge: ")


def misbehaving_python(folder: Path, misbehaviour: str) -> str:
    """An interpreter for probes that does something first: lines of Python, run before the worker is.

    They may replace parts of openvino, or end the process in any way.
    """
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\nimport os, runpy, signal, sys, time\ndel sys.argv[0]\n{misbehaviour}\n")
    with path.open("a") as stream:
        stream.write("runpy.run_path(sys.argv[0], run_name='__main__')\n")
    path.chmod(0o755)
    return str(path)


def another_openvino(folder: Path, version: str = "2023.9.9-1-another") -> Path:
    """A folder for ``PYTHONPATH`` with an openvino of its own: this interpreter's, which says that it is that version."""
    found = importlib.util.find_spec("openvino")
    assert found is not None
    assert found.origin is not None
    real = Path(found.origin).parent
    package = folder / "openvino"
    package.mkdir(parents=True)
    for each in real.iterdir():
        if each.name != "__init__.py":
            (package / each.name).symlink_to(each)
    (package / "__init__.py").write_text(
        f"{(real / '__init__.py').read_text()}\nget_version = lambda: {version!r}\n__version__ = {version!r}\n"
    )
    return folder


def with_probes_on(python: str, folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Options and environment for ``run_suite`` that let every probe of the session run on that interpreter."""
    (folder / "changed_runtime.py").write_text(
        "import functools\nfrom autogauge.probe import launcher\n"
        f"launcher.Runtime = functools.partial(launcher.Runtime, {python!r})\n"
    )
    return ("-p", "changed_runtime"), {"PYTHONPATH": f"{folder}{os.pathsep}."}


def require_system_of_emulation() -> None:
    """Skip the test where there can be no emulated GPU: elsewhere than on Linux on x86-64."""
    if reason := parts.why_impossible_here():
        pytest.skip(reason)


def require_emulation() -> None:
    """Skip the test where there can be no emulated GPU; where there can be, a package that is missing fails it.

    A skip would let the tests of the emulated GPU pass without having run.
    """
    require_system_of_emulation()
    if missing := parts.missing_packages():
        pytest.fail(f"the emulated GPU needs {' and '.join(missing)}: {parts.INSTALL}", pytrace=False)


def downloaded(folder: Path, address: str = "") -> dict[str, object]:
    """The description of a file of the Open Model Zoo's that has been downloaded into ``folder / "cache"``."""
    from autogauge.models.omz import downloads

    original = folder / "original"
    original.write_bytes(b"weights")
    sha384 = downloads.sha384_of(original)
    downloads.add(folder / "cache", sha384, original)
    return {"name": "m.bin", "bytes": 7, "sha384": sha384, "address": address}


def wait_until(condition: Callable[[], bool], deadline_s: float = 10.0) -> bool:
    """Whether the condition came true in time."""
    stop_at = time.monotonic() + deadline_s
    while time.monotonic() < stop_at:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def probes_of(pid: int) -> list[psutil.Process]:
    """The living probe processes below a process, a wrapper around it included."""
    import psutil

    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [child for child in children if _runs_worker(child)]


def orphaned_probes() -> list[psutil.Process]:
    """Probe processes of the machine whose launcher is gone."""
    import psutil

    return [process for process in psutil.process_iter() if _runs_worker(process) and process.ppid() == 1]


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or only what its parent has not yet fetched."""
    import psutil

    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _runs_worker(process: psutil.Process) -> bool:
    import psutil

    try:
        return (
            any(word.endswith("probe/worker") for word in process.cmdline())
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.Error:
        return False


def why_no_mount() -> str:
    """Why :func:`in_a_mount` is impossible on this machine, in the system's own words."""
    if shutil.which("unshare") is None:
        return "there is no unshare"
    done = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True, text=True, check=False
    )
    return (done.stderr.strip().splitlines() or ["the mount is refused"])[-1]


def in_a_mount(
    folder: Path, options: str, command: Sequence[str], *, read_only: bool = False, holding: Path | None = None
) -> list[str] | None:
    """The command with ``folder`` on a file system of its own (tmpfs with these options), or ``None`` where that is impossible.

    It holds what is in the folder ``holding``, or nothing.
    """
    if shutil.which("unshare") is None:
        return None
    mount = f"mount -t tmpfs -o mode=755,{options} tmpfs {folder}"
    mount += f" && cp -a {holding}/. {folder}" if holding else ""
    mount += f" && mount -o remount,ro {folder}" if read_only else ""
    wrap = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    if subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode:
        return None
    return [*wrap, *command]


def _are_written(group: Path, files: dict[str, str]) -> bool:
    """Whether these files of the group are there and take what they are given."""
    with contextlib.suppress(OSError):
        for name, text in files.items():
            if not (group / name).exists():
                return False
            (group / name).write_text(text)
        return True
    return False


@contextlib.contextmanager
def real_quota(processors: float):
    """A group of version 1 or 2 with that quota; skipped where none can be made."""
    for parent, files in (
        (Path("/sys/fs/cgroup"), {"cpu.max": f"{int(processors * 100000)} 100000"}),
        (Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_quota_us": f"{int(processors * 100000)}"}),
    ):
        group = parent / f"autogauge-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if _are_written(group, files):
                yield group
                return
        finally:
            group.rmdir()
    pytest.skip("no group with a quota can be made here")
