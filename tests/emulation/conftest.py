"""The emulated GPU for tests, where it can work."""

import pytest

from autogauge.emulation import parts
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher
from autogauge.studies.workload import prepare_workload


@pytest.fixture(scope="session")
def emulation(cache):
    """The parts of the emulated GPU; elsewhere than on x86-64 Linux its tests are skipped."""
    if reason := parts.why_impossible_here():
        pytest.skip(reason)
    if missing := parts.missing_packages():
        pytest.skip(f"the emulated GPU needs {' and '.join(missing)}: {parts.INSTALL}")
    return parts.prepare(cache)


@pytest.fixture
def emulated(tmp_path, emulation):
    """Starts probes that see the emulated GPU."""
    return Launcher(tmp_path / "probes", emulation=emulation)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, emulation, cache):
    """The small CNN with its inputs, and what OpenVINO sees beside the emulated GPU."""
    folder = tmp_path_factory.mktemp("workload")
    launcher = Launcher(folder / "probes", emulation=emulation)
    return prepare_workload(resolve.fetch("small-cnn", "FP32", cache), launcher, folder)


@pytest.fixture(scope="session")
def small_cnn(prepared):
    """The small CNN with its inputs."""
    return prepared[0]
