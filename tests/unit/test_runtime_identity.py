"""A runtime is the one that it is said to be, whatever the user's environment leads to; and every probe is held against that."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from autogauge.cache import Cache, is_intact
from autogauge.errors import UserError
from autogauge.measuring.progress import Silent
from autogauge.models import build, embedded
from autogauge.models.build import was_built_by
from autogauge.models.inspect import inspect
from autogauge.probe import environment, launcher
from autogauge.probe.identity import Identity, Runtime, WrongRuntime, is_release
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed, ProbeRequest
from autogauge.probe.worker.facts import machine_facts
from autogauge.rig import setups
from autogauge.runtimes.reference import parse
from tests.cases import each_of
from tests.properties import for_all
from tests.support import another_openvino, misbehaving_python

OWN = version("openvino")


def slow(value):
    """A case like another, which alone is played through each time."""
    return pytest.param(value, marks=pytest.mark.slow)


SETUPVARS = {
    # 2022 and newer
    "INTEL_OPENVINO_DIR": "/opt/intel/openvino",
    "OpenVINO_DIR": "/opt/intel/openvino/runtime/cmake",
    "OpenVINOGenAI_DIR": "/opt/intel/openvino/runtime/cmake",
    "InferenceEngine_DIR": "/opt/intel/openvino/runtime/cmake",
    "ngraph_DIR": "/opt/intel/openvino/runtime/cmake",
    "HDDL_INSTALL_DIR": "/opt/intel/openvino/runtime/3rdparty/hddl",
    "TBB_DIR": "/opt/intel/openvino/runtime/3rdparty/tbb/cmake",
    "LD_LIBRARY_PATH": "/opt/intel/openvino/runtime/lib/intel64:/opt/intel/openvino/runtime/3rdparty/tbb/lib",
    "DYLD_LIBRARY_PATH": "/opt/intel/openvino/runtime/lib",
    "PKG_CONFIG_PATH": "/opt/intel/openvino/runtime/lib/pkgconfig",
    "PYTHONPATH": "/opt/intel/openvino/python:/opt/intel/openvino/python/python3",
    "OPENVINO_LIB_PATHS": "/opt/intel/openvino/runtime/bin",
    "OV_FRONTEND_PATH": "/opt/intel/openvino/runtime/lib",
    "OpenCV_DIR": "/opt/intel/openvino/opencv/cmake",
    # 2019 to 2021
    "INTEL_CVSDK_DIR": "/opt/intel/openvino",
    "IE_PLUGINS_PATH": "/opt/intel/openvino/deployment_tools/inference_engine/lib/intel64",
    "ARCH_ROOT_DIR": "/opt/intel/openvino/arch",
    "KMB_INSTALL_DIR": "/opt/intel/openvino/kmb",
    # not setupvars'
    "LD_PRELOAD": "",
    "PYTHONHOME": "/nowhere",
    "PYTHONSTARTUP": "/nowhere.py",
    "PYTHONUSERBASE": "/nowhere",
    "PYTHONPYCACHEPREFIX": "/nowhere",
    "PYTHONSAFEPATH": "1",
    "PYTHONOPTIMIZE": "2",
    "VIRTUAL_ENV": "/nowhere",
}
NEEDED = {
    "HOME": "/home/me",
    "PATH": "/usr/bin",
    "HTTPS_PROXY": "http://proxy:3128",
    "no_proxy": "localhost",
    "PIP_INDEX_URL": "https://index.lab/simple",
    "SSL_CERT_FILE": "/etc/ca.pem",
    "AUTOGAUGE_CACHE": "/cache",
    "OMP_NUM_THREADS": "2",
    "OPENVINO_LOG_LEVEL": "1",
    "LANG": "de_DE.UTF-8",
}


def test_a_clean_environment_has_nothing_that_leads_to_another_openvino_and_all_that_a_user_needs():
    found = environment.clean({**SETUPVARS, **NEEDED})
    assert found == {**NEEDED, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@for_all(lambda st: (st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", max_size=12), st.text(max_size=20)))
def test_no_variable_of_pythons_or_the_linkers_survives(rest, value):
    for name in (f"PYTHON{rest}", f"LD_{rest}", f"OPENVINO{rest}", f"OpenVINO{rest}_DIR"):
        assert environment.clean({name: value}).get(name) in (None, "1")


def test_the_folder_of_pythons_own_library_stays_on_the_linkers_path(tmp_path):
    for name, file in (
        ("python", "libpython3.11.so.1.0"),
        ("both", "libpython3.11.so"),
        ("openvino", "libopenvino.so"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).touch()
    (tmp_path / "both" / "libtbb.so.12").touch()
    path = os.pathsep.join([*(str(tmp_path / each) for each in ("openvino", "both", "python")), "", "relative"])
    assert environment.clean({"LD_LIBRARY_PATH": path})["LD_LIBRARY_PATH"] == str(tmp_path / "python")


@each_of(
    ("found", "release", "holds"),
    [
        ("2024.6.0-17404-4c0f47d2335-releases/2024/6", "2024.6.0", True),
        ("2024.6.0-17404-4c0f47d2335-releases/2024/6", "2024.6", True),
        ("2024.6.0", "2024.6.0", True),
        ("2026.1.0-20967-abc", "2026.1.0rc1", True),
        ("2024.60.0-1-x", "2024.6", False),
        ("2024.6.1-1-x", "2024.6.0", False),
        ("2025.0.0-17942-1f68be9f594", "2024.6.0", False),
        ("", "2024.6.0", False),
        ("custom_build", "2024.6.0", False),
    ],
)
def test_which_version_is_which_release(found, release, holds):
    assert is_release(found, release) is holds


# Probes.


@pytest.fixture
def misled(tmp_path, monkeypatch):
    """The user's environment leads to another openvino, as setupvars.sh does."""
    other = another_openvino(tmp_path / "other")
    monkeypatch.setenv("PYTHONPATH", f"{other}{os.pathsep}")
    return other


def test_a_runtime_with_a_name_runs_its_own_openvino_and_the_session_the_users(tmp_path, misled):
    named = inspect(Launcher(tmp_path / "a", Runtime(sys.executable, "the reference", OWN)))
    assert is_release(named.openvino, OWN)
    assert named.elsewhere == ()
    candidate = inspect(Launcher(tmp_path / "b"))
    assert candidate.openvino == "2023.9.9-1-another"
    assert candidate.elsewhere == (str(misled / "openvino"),)


@pytest.mark.parametrize("spelling", ["relative", "a link", "with PYTHONSAFEPATH"])
def test_the_candidates_path_leads_where_the_user_means(tmp_path, misled, monkeypatch, spelling):
    monkeypatch.chdir(tmp_path)
    if spelling == "a link":
        (tmp_path / "link").symlink_to(misled)
    if spelling == "with PYTHONSAFEPATH":
        monkeypatch.setenv("PYTHONSAFEPATH", "1")
    else:
        monkeypatch.setenv("PYTHONPATH", "link" if spelling == "a link" else "other")
    assert inspect(Launcher(tmp_path / "probes")).openvino == "2023.9.9-1-another"


def test_no_module_of_the_probes_own_comes_before_others_of_its_name(tmp_path, misled):
    (misled / "lanes.py").write_text("MINE = True\n")
    with (misled / "openvino" / "__init__.py").open("a") as stream:
        stream.write("import lanes\nassert lanes.MINE\n")
    assert inspect(Launcher(tmp_path / "probes")).openvino == "2023.9.9-1-another"


def test_a_release_that_is_another_is_one_sentence_and_no_reply(tmp_path):
    other = another_openvino(tmp_path / "other")
    python = misbehaving_python(tmp_path, f"sys.path.insert(0, {str(other)!r})")
    reference = Launcher(tmp_path / "probes", Runtime(python, "the reference 2024.6.0", "2024.6.0"))
    with pytest.raises(WrongRuntime, match=r"is to be openvino 2024\.6\.0, and .* runs openvino 2023\.9\.9") as caught:
        reference.describe()
    assert "\n" not in str(caught.value)
    assert "run again" in str(caught.value)


def changing_python(folder: Path) -> tuple[str, Path]:
    """An interpreter whose openvino is another one as soon as the file is there."""
    other, changed = another_openvino(folder / "other"), folder / "changed"
    lines = f"if os.path.exists({str(changed)!r}): sys.path.insert(0, {str(other)!r})"
    return misbehaving_python(folder, lines), changed


@pytest.mark.parametrize("mode", ["describe", slow("once"), slow("warm"), "hand-over"])
def test_an_openvino_that_changed_between_two_probes_is_noticed_at_every_start(tmp_path, mode):
    python, changed = changing_python(tmp_path)
    session = Launcher(tmp_path / "probes", Runtime(python))
    session.describe()
    changed.touch()
    probe = session.start(ProbeRequest(mode, model="no model is read before that", deadline_s=30), mode)
    try:
        with pytest.raises(WrongRuntime, match=r"this session changed while it was measured: .* then openvino 2023"):
            probe.receive("measured", 30)
    finally:
        probe.kill()


def test_two_launchers_of_one_runtime_are_held_against_each_other(tmp_path):
    python, changed = changing_python(tmp_path)
    first = Launcher(tmp_path / "a", Runtime(python))
    first.describe()
    changed.touch()
    with pytest.raises(WrongRuntime):
        Launcher(tmp_path / "b", first.runtime).describe()


@each_of(
    "message",
    [
        {},
        {"openvino": "1", "package": "p", "library": "l"},
        {"openvino": 1, "package": "p", "library": "l", "elsewhere": []},
        {"openvino": "1", "package": ["p"], "library": "l", "elsewhere": []},
        {"openvino": "1", "package": "p", "library": None, "elsewhere": []},
        {"openvino": "1" * 501, "package": "p", "library": "l", "elsewhere": []},
        {"openvino": "1", "package": "p", "library": "l", "elsewhere": [{}]},
    ],
)
def test_what_a_probe_says_of_itself_is_checked(message):
    with pytest.raises(ValueError, match="does not say which openvino"):
        Identity.from_message(message)


def test_a_probe_that_does_not_say_what_it_runs_gives_no_reply(tmp_path):
    answer = json.dumps(
        {
            "type": "described",
            "openvino": "x",
            "elsewhere": [],
            "machine": machine_facts(),
            "devices": [],
            "model": None,
            "state": None,
            "random_outputs": {},
            "targets": [],
        }
    )
    line = f"{answer}\n".encode()
    python = misbehaving_python(tmp_path, f"os.write(int(sys.argv[1]), {line!r}); time.sleep(30)")
    with pytest.raises(ProbeFailed, match="did not say what it runs"):
        Launcher(tmp_path / "probes", Runtime(python)).describe()


# Builders.


def test_a_builder_runs_the_interpreters_own_openvino_and_says_which(tmp_path, misled):
    model = embedded.build("one-convolution", "FP32", Cache(tmp_path / "cache"))
    manifest = json.loads((model.path.parent / "manifest.json").read_bytes())
    assert is_release(manifest["openvino"], OWN)


def test_a_model_that_another_release_would_build_is_one_sentence_and_no_entry(tmp_path):
    cache = Cache(tmp_path / "cache")
    with pytest.raises(UserError, match=r"is to be built by openvino 2024\.6\.0, and .* runs 20") as caught:
        embedded.build("one-convolution", "FP32", cache, python=Path(sys.executable), release="2024.6.0")
    assert "\n" not in str(caught.value)
    assert cache.entries() == []


@pytest.mark.parametrize("spoilt", [slow("built by another"), "built before that was told"])
def test_a_pinned_model_under_the_wrong_key_is_noticed_and_built_anew(tmp_path, spoilt):
    cache, python = Cache(tmp_path / "cache"), Path(sys.executable)
    folder = embedded.build("one-convolution", "FP32", cache, python=python, release=OWN).path.parent
    manifest = json.loads((folder / "manifest.json").read_bytes())
    if spoilt == "built by another":
        manifest["openvino"] = "2023.3.0-1-x"
    else:
        del manifest["openvino"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert is_intact(folder)
    assert not was_built_by(folder, OWN)
    again = embedded.build("one-convolution", "FP32", cache, python=python, release=OWN)
    assert was_built_by(again.path.parent, OWN)


def test_installed_beside_other_packages_the_project_lends_them_to_nobody(tmp_path, monkeypatch):
    """As after ``pip install .``: beside the project's package are the packages of the interpreter that measures."""
    site = another_openvino(tmp_path / "site-packages")
    (site / "autogauge").symlink_to(Path(environment.__file__).parents[1])
    (site / "faulthandler.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.setattr(launcher, "WORKER", site / "autogauge" / "probe" / "worker")
    monkeypatch.setattr(build, "RUNNER", site / "autogauge" / "models" / "isolated.py")
    assert is_release(inspect(Launcher(tmp_path / "probes")).openvino, OWN)
    model = embedded.build("one-convolution", "FP32", Cache(tmp_path / "cache"))
    assert was_built_by(model.path.parent, OWN)


def test_an_interpreter_that_has_its_openvino_from_the_path_alone_builds_with_that(tmp_path, monkeypatch):
    """As after setupvars.sh of an archive: the interpreter's own environment has none."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    own = [each for each in sys.path if each.endswith("site-packages")]
    monkeypatch.setattr(sys, "executable", str(tmp_path / "env" / "bin" / "python"))
    with pytest.raises(UserError, match="No module named"):
        embedded.build("one-convolution", "FP32", Cache(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(another_openvino(tmp_path / "other")), *own]))
    model = embedded.build("one-convolution", "FP32", Cache(tmp_path / "cache"))
    assert was_built_by(model.path.parent, "2023.9.9")


def test_a_builder_says_which_openvino_it_was_where_that_has_no_version_of_its_own(tmp_path, monkeypatch):
    """As up to 2023.0, where ``openvino.__version__`` is missing."""
    other = another_openvino(tmp_path / "other")
    with (other / "openvino" / "__init__.py").open("a") as stream:
        stream.write("del __version__\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    own = [each for each in sys.path if each.endswith("site-packages")]
    (site / "its.pth").write_text("\n".join([str(other), *own]) + "\n")
    python = tmp_path / "env" / "bin" / "python"
    model = embedded.build("one-convolution", "FP32", Cache(tmp_path / "cache"), python=python, release="2023.9.9")
    assert was_built_by(model.path.parent, "2023.9.9")


@pytest.mark.parametrize("how", ["a link to it", slow("a relative path"), slow("its python"), slow("a wrapper")])
def test_an_environment_is_what_it_is_however_it_is_named(tmp_path, misled, monkeypatch, how):
    made = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", str(made)], check=True)
    (tmp_path / "link").symlink_to(made)
    monkeypatch.chdir(tmp_path)
    if how == "a wrapper":
        (tmp_path / "wrapped" / "bin").mkdir(parents=True)
        wrapper = tmp_path / "wrapped" / "bin" / "python"
        wrapper.write_text(f'#!/bin/sh\nexec {made}/bin/python "$@"\n')
        wrapper.chmod(0o755)
    text = {"a link to it": "link", "a relative path": "./env", "its python": "env/bin/python", "a wrapper": "wrapped"}[
        how
    ]
    reference = parse(text)
    runtime = reference.runtime(Cache(tmp_path / "cache"), Silent())
    (site,) = made.glob("lib/python*/site-packages")
    (site / "its.pth").write_text("\n".join(each for each in sys.path if each.endswith("site-packages")) + "\n")
    launched = Launcher(tmp_path / "probes", runtime)
    assert is_release(str(launched.describe()["openvino"]), OWN)
    assert launched.runtime.name == f"the reference {text}"


def test_what_a_named_runtime_goes_without_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "liballocator.so")
    named, own = Runtime(sys.executable, "the reference 2026.4.1"), Runtime()
    named.check(Identity("2026.4.1-1-x", "/opt/openvino", "/opt/lib", ("/opt/openvino",)))
    elsewhere, without = setups.notes_on(named)
    assert (
        elsewhere == "the reference 2026.4.1 runs openvino 2026.4.1-1-x from /opt/openvino, outside of its environment"
    )
    assert without == "the reference 2026.4.1 is measured without LD_PRELOAD=liballocator.so, which this session has"
    assert setups.notes_on(own) == []


def test_an_openvino_on_the_path_that_cannot_be_imported_is_not_told_to_be_installed_anew_only(tmp_path, monkeypatch):
    """To install it changes nothing while PYTHONPATH leads past it."""
    (tmp_path / "openvino").mkdir()
    (tmp_path / "openvino" / "__init__.py").write_text("raise ImportError('built for another Python')")
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UserError, match=r"built for another Python; unset PYTHONPATH if that leads .*, or install it"):
        inspect(Launcher(tmp_path / "probes"))
    assert environment.leading({"PYTHONPATH": "", "LD_PRELOAD": "x.so"}) == ["LD_PRELOAD"]


def test_one_of_several_that_is_gone_ends_only_what_is_measured_with_it(tmp_path):
    runtime = Runtime(str(tmp_path / "python"), "2025.4.1")
    runtime.check(Identity("2025.4.1-1", "/package", "/library"))
    one = Launcher(tmp_path / "probes", replace(runtime, by_itself=True))
    with pytest.raises(WrongRuntime, match="nothing of this run is kept"):
        Launcher(tmp_path / "probes", runtime).describe()
    assert not one.runtime.spoilt
    for _ in range(2):
        with pytest.raises(
            ProbeFailed, match=r"2025\.4\.1 was removed or spoilt while it was measured: .*; nothing of it is kept"
        ):
            one.describe()
    assert "nothing of it is kept" in one.runtime.spoilt


def test_one_of_several_that_became_another_starts_no_further_probe(tmp_path):
    starts = tmp_path / "starts"
    python = misbehaving_python(tmp_path, f"open({str(starts)!r}, 'a').write('x')")
    runtime = Runtime(python, "2025.4.1", by_itself=True)
    runtime.check(Identity("2025.4.1-1", "/package", "/library"))
    launcher = Launcher(tmp_path / "probes", runtime)
    for _ in range(2):
        with pytest.raises(
            ProbeFailed, match=r"the openvino of 2025\.4\.1 changed while it was measured: .*; nothing of it is kept"
        ):
            launcher.describe()
    assert starts.read_text() == "x"
