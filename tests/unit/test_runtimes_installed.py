"""Installing a runtime: once, whole, and the one that was asked for; what goes wrong is one sentence, and leaves nothing."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.lab.releases import named as releases_named
from autogauge.measuring.progress import Silent
from autogauge.models import cached
from autogauge.probe.identity import Identity, Runtime, WrongRuntime
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.probe.worker.properties import _RELU as RELU
from autogauge.rig import setups
from autogauge.runtimes import checked, environment, named, prepared, table
from autogauge.runtimes import reference as references
from autogauge.runtimes.environment import Base
from autogauge.tools import uv
from autogauge.tools.interpreters import own_version
from tests import wheels
from tests.cases import each_of
from tests.support import misbehaving_python

OPTION = "--openvino"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab's index, with what is in the folder; no other is asked."""
    if uv.find() is None:
        pytest.skip("uv is not installed (pip install uv): by pip this takes a quarter of a minute")
    for name in [each for each in os.environ if each.startswith(("PIP_", "UV_")) or each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    there = tmp_path / "wheels"
    wheels.numpy(there, "9.1.0")
    with wheels.served(there) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.address)
        index.folder = there
        yield index


class Noted(Silent):
    """Writes down what is said, for other processes to read."""

    def __init__(self, path):
        self.path = path

    def say(self, line):
        with self.path.open("a") as stream:
            stream.write(f"{line}\n")


def install(cache, name="2026.1.0"):
    return prepared.prepare(named.parse(name, OPTION), cache, Noted(cache.root.with_name("said")), OPTION)


def installations(cache):
    return cache.root.with_name("said").read_text().count("installed openvino")


def install_for(root, name):
    install(Cache(root), name)


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_one_release_is_one_entry_however_it_is_named(lab, cache):
    wheels.openvino(lab.folder, "2026.1.0")
    runtimes = [install(cache, name) for name in ("2026.1", "2026.1.0")]
    assert len({each.python for each in runtimes}) == 1
    assert {each.release for each in runtimes} == {"2026.1.0"}
    (entry,) = cached.listed(cache)
    assert (entry.name, entry.state) == ("openvino-2026.1.0", cached.INTACT)
    assert installations(cache) == 1


@pytest.mark.slow
def test_what_was_installed_needs_no_index(lab, cache):
    wheels.openvino(lab.folder, "2026.1.0")
    install(cache)
    lab.asked.clear()
    install(cache)
    assert lab.asked == []


@pytest.mark.slow
def test_two_that_install_at_once_install_once(lab, cache):
    wheels.openvino(lab.folder, "2026.1.0")
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=install_for, args=(cache.root, "2026.1.0")) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [each.exitcode for each in processes] == [0, 0]
    assert installations(cache) == 1


@pytest.mark.slow
def test_a_wheel_is_installed_once_and_kept_by_its_digest(lab, cache, tmp_path):
    wheel = wheels.openvino(tmp_path / "mine", "2026.5.0", says="custom_branch_abc")
    runtime = install(cache, str(wheel))
    assert runtime.release == "custom_branch_abc", "a build of one's own may have a version without numbers"
    lab.asked.clear()
    moved = Path(shutil.copy(wheel, tmp_path / wheel.name))
    assert install(cache, str(moved)).python == runtime.python
    assert lab.asked == []
    wheels.openvino(tmp_path / "mine", "2026.5.0", says="custom_branch_def")
    assert install(cache, str(wheel)).release == "custom_branch_def"


def test_a_wheel_that_changes_while_it_is_read_is_not_installed(lab, cache, tmp_path):
    wheel = wheels.openvino(tmp_path, "2026.5.0")
    wanted = environment.of_wheel(wheel, "2026.5.0", Base.own())
    wheels.openvino(tmp_path, "2026.5.0", more="changed = True")
    with pytest.raises(UserError, match="the file changed while it was read"):
        environment.installed(wanted, Base.own(), cache, Silent(), OPTION)


@pytest.mark.slow
@each_of(
    ("wheel", "said"),
    [
        ({"says": "2026.0.0-9-x"}, r"was installed and does not work: it says that it is openvino 2026\.0\.0-9-x"),
        ({"more": "raise ImportError('libtbb.so.12')"}, r"does not work: ImportError: libtbb\.so\.12; take another"),
        ({"more": "import os; os.abort()"}, r"does not work: it was killed by SIGABRT|aborted|does not work: it was "),
        (
            {"more": "import time; time.sleep(60)"},
            r"does not work: it was not done within 2 s while openvino 2026\.1\.0 was imported",
        ),
        (
            {"spoilt": "openvino/__init__.py"},
            r"openvino/__init__\.py is not as its package has it; empty the installer's cache",
        ),
    ],
)
def test_a_release_that_is_no_good_is_one_sentence_and_no_entry(lab, cache, monkeypatch, wheel, said):
    monkeypatch.setattr(environment, "ASK_DEADLINE_S", 2.0)
    wheels.openvino(lab.folder, "2026.1.0", **wheel)
    with pytest.raises(UserError, match=said) as caught:
        install(cache)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(f"({OPTION}).")
    assert cache.entries() == []


@pytest.mark.slow
def test_a_release_without_numpy_is_one_sentence(lab, cache):
    wheels.write(lab.folder, "openvino", "2026.1.0", {"openvino/__init__.py": "def get_version(): return '2026.1.0'"})
    with pytest.raises(UserError, match="No module named 'numpy'"):
        install(cache)


def test_without_an_index_it_is_one_sentence(cache, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(
        UserError,
        match=r"cannot be asked: http://127\.0\.0\.1:9/simple/openvino/ did not answer \(Connection refused\)",
    ):
        install(cache)
    assert cache.entries() == []


# While it is measured.

HANGING = """
class Slow:
    def find_spec(self, name, *_):
        if name == "openvino":
            time.sleep(60)
sys.meta_path.insert(0, Slow())
"""


@pytest.fixture
def copied(tmp_path):
    """An environment of its own with this interpreter's packages."""
    made = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "its.pth").write_text("\n".join(each for each in sys.path if each.endswith("site-packages")) + "\n")
    return made


@pytest.mark.parametrize("what", [pytest.param("all of it", marks=pytest.mark.slow), "its packages"])
def test_an_environment_that_is_removed_in_the_middle_is_one_sentence(tmp_path, copied, what):
    launcher = Launcher(tmp_path / "probes", Runtime(str(copied / "bin" / "python"), "the reference env"))
    launcher.describe()
    shutil.rmtree(copied if what == "all of it" else copied / "lib")
    with pytest.raises(
        WrongRuntime, match=r"the reference env was removed or spoilt while it was measured: .*; nothing of this run"
    ) as caught:
        launcher.describe()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_machine_that_lacks_memory_for_once_has_not_removed_anything(tmp_path):
    starts = tmp_path / "starts"
    python = misbehaving_python(
        tmp_path,
        f"open({str(starts)!r}, 'a').write('x')\n"
        "class Full:\n    def find_spec(self, name, *_):\n        if name == 'openvino': raise MemoryError()\n"
        f"if os.path.getsize({str(starts)!r}) == 2: sys.meta_path.insert(0, Full())",
    )
    launcher = Launcher(tmp_path / "probes", Runtime(python, "the reference env"))
    launcher.describe()
    with pytest.raises(ProbeFailed, match="MemoryError"):
        launcher.describe()
    launcher.describe()


def test_an_environment_that_never_worked_was_not_removed(tmp_path):
    launcher = Launcher(tmp_path / "probes", Runtime(str(tmp_path / "python"), "the reference env"))
    with pytest.raises(ProbeFailed, match="cannot start"):
        launcher.describe()


@pytest.mark.slow
def test_an_environment_in_use_is_not_removed_from_the_cache(lab, cache):
    wheels.openvino(lab.folder, "2026.1.0")
    python = Path(install(cache).python)
    used = cache.use(python.parent)
    assert used is not None
    with pytest.raises(UserError, match=r"openvino-2026\.1\.0 is in use in the cache"):
        cached.remove(cache, "openvino-2026.1.0")
    used.end()
    cached.remove(cache, "openvino-2026.1.0")


@pytest.mark.slow
@each_of(
    ("misbehaviour", "said"),
    [
        ("sys.modules['openvino'] = None", r"its openvino cannot be imported: .*; install it anew"),
        (
            "sys.path = [each for each in sys.path if 'site-packages' not in each]",
            r"it has no openvino; install it \(.*-m pip install openvino\)",
        ),
        (
            HANGING,
            r"no answer within 2 s, while openvino was imported: its import may hang",
        ),
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"killed by signal 11 \(SIGSEGV\) during start"),
    ],
)
def test_why_a_runtime_does_not_work_is_one_sentence(tmp_path, misbehaviour, said):
    runtime = Runtime(misbehaving_python(tmp_path, misbehaviour), "the reference env")
    with pytest.raises(UserError, match=rf"^the reference env cannot be measured: .*{said}") as caught:
        checked.describe(runtime, tmp_path / "no.xml", tmp_path / "probes", OPTION, deadline_s=2.0)
    assert "\n" not in str(caught.value)


NO_DEVICE = "import openvino; openvino.Core.available_devices = property(lambda self: [])"
"""As where the plugins are missing: it loads and reads models."""


@pytest.fixture
def unplugged(tmp_path, monkeypatch):
    """An interpreter whose openvino sees no device; each runtime is asked of one ReLU."""
    model = tmp_path / "relu.xml"
    model.write_text(RELU)
    monkeypatch.setattr(table.tiny, "paths", lambda _: {table.MODEL: model})
    return misbehaving_python(tmp_path, NO_DEVICE)


def test_a_runtime_that_can_compile_for_nothing_does_not_work(unplugged, cache):
    row = table.of_text(unplugged, cache, Silent(), "autogauge runtimes", None)
    assert row.works is False
    assert row.why.startswith("its openvino sees no device, not even the CPU: its plugins are missing"), row.why
    assert row.why.endswith("-m pip install --force-reinstall openvino)"), row.why


@pytest.mark.parametrize("named_by", ["--openvino", pytest.param("--reference", marks=pytest.mark.slow)])
def test_it_is_measured_by_nobody(unplugged, cache, tmp_path, named_by):
    workload = SimpleNamespace(model=SimpleNamespace(path=tmp_path / "relu.xml"), shapes={})
    rig = SimpleNamespace(cache=cache, workload=workload, emulation=None, notes=[], setups={})
    rig.use_path, rig.scratch = lambda _: None, lambda _: tmp_path
    who, set_up = f"the reference {unplugged}", setups.beside
    words = [references.parse(unplugged), tmp_path]
    if named_by == "--openvino":
        who, set_up, words = unplugged, releases_named.set_up, [unplugged, named_by]
    with pytest.raises(
        UserError, match=rf"^{who} cannot be measured: its openvino sees no device, .* \({named_by}\)\.$"
    ):
        set_up(rig, *words, Silent())


def test_a_device_that_is_named_is_one_that_each_runtime_sees():
    runtime, seen = Runtime("python", "2024.6"), {"devices": [{"name": "CPU"}, {"name": "GPU.0"}]}
    for device in ("CPU", "GPU", "GPU.1"):  # releases differ in how they call a lone one
        assert checked.why_no_device(seen, runtime, [device]) == ""
    assert checked.why_no_device(seen, runtime, ["CPU", "NPU"]) == (
        "its openvino sees no NPU (it sees CPU, GPU.0): name another device (--device)"
    )


def test_a_path_that_is_not_there_is_one_row_of_several(cache, tmp_path):
    row = table.of_text(str(tmp_path / "nowhere"), cache, Silent(), "autogauge runtimes", None)
    assert (row.name, row.works) == (str(tmp_path / "nowhere"), False)
    assert row.why.startswith("there is no runtime")
    assert not row.why.endswith(("(autogauge runtimes)", "."))


@each_of("content", [b"", b"PK", "half"])
def test_a_wheel_that_is_cut_off_is_one_sentence_about_the_file(cache, tmp_path, content):
    wheel = wheels.openvino(tmp_path, "2026.5.0")
    wheel.write_bytes(wheel.read_bytes()[: len(wheel.read_bytes()) // 2] if content == "half" else content)
    with pytest.raises(UserError, match=rf"^{wheel} \(\d+ bytes\) is cut off.*download it again") as caught:
        install(cache, str(wheel))
    assert "staging" not in str(caught.value)
    assert cache.entries() == []


@pytest.mark.slow
def test_what_an_installer_says_of_a_wheel_names_the_users_file(lab, cache, tmp_path):
    wheel = wheels.write(tmp_path, "openvino", "2026.5.0", {"openvino/__init__.py": ""})
    with zipfile.ZipFile(wheel, "w") as spoilt:  # a zip, and no wheel
        spoilt.writestr("nothing", "")
    with pytest.raises(UserError, match=r"cannot be installed into .*; check the wheel's file, the package") as caught:
        install(cache, str(wheel))
    assert ".scratch" not in str(caught.value)


def test_a_build_is_held_against_the_very_build_and_an_archive_against_its_folder(tmp_path):
    nightly = Runtime("python", "the nightly", "2026.5.0-21000-abc", entry="openvino-2026.5.0.dev1")
    with pytest.raises(
        WrongRuntime, match=r"is to be openvino 2026\.5\.0-21000-abc.*models remove openvino-2026\.5\.0\.dev1"
    ):
        nightly.check(Identity("2026.5.0-21001-def", "/p", "/l"))
    nightly.check(Identity("2026.5.0-21000-abc", "/p", "/l"))
    unpacked = Runtime("python", "the archive", within=(str(tmp_path),))
    with pytest.raises(WrongRuntime, match=r"is to run the openvino in .*unpack it anew"):
        unpacked.check(Identity("2026.5.0-1", "/elsewhere/openvino", "/l"))
    own = str(tmp_path / "python" / "openvino")
    with pytest.raises(WrongRuntime, match=r"runs one from /usr/lib"):
        unpacked.check(Identity("2026.5.0-1", own, "/usr/lib"))
    unpacked.check(Identity("2026.5.0-1", own, str(tmp_path / "runtime" / "lib" / "intel64")))


def test_this_pythons_version_is_in_the_key():
    assert environment.of_release("2026.1.0", Base.own()).key == f"openvino-2026.1.0-py{own_version()}"
