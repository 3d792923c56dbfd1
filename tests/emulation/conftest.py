"""The emulated GPU for tests, where it can work."""

import pytest

from autogauge.emulation import parts
from autogauge.emulation.classes import ProcessorClass
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher
from autogauge.probe.worker.emulation import best_class, processor_flags
from autogauge.rig.workload import prepare_workload
from tests.support import require_emulation, require_system_of_emulation


@pytest.fixture(scope="session")
def possible_here():
    """Skips the test on a system that can have no emulated GPU, whatever is installed."""
    require_system_of_emulation()


@pytest.fixture(scope="session")
def slowness():
    """How many times longer compiling may take here than with AVX-512: deadlines follow it."""
    best = best_class(processor_flags())
    return ProcessorClass(best, best).slowness


@pytest.fixture(scope="session")
def emulation(autogauge_cache):
    """The parts of the emulated GPU."""
    require_emulation()
    return parts.prepare(autogauge_cache)


@pytest.fixture
def emulated(tmp_path, emulation):
    """Starts probes that see the emulated GPU."""
    return Launcher(tmp_path / "probes", emulation=emulation)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, emulation, autogauge_cache):
    """The small CNN with its inputs, and what OpenVINO sees beside the emulated GPU."""
    folder = tmp_path_factory.mktemp("workload")
    launcher = Launcher(folder / "probes", emulation=emulation)
    return prepare_workload(resolve.offline("small-cnn", "FP32", autogauge_cache), launcher, folder)


@pytest.fixture(scope="session")
def small_cnn(prepared):
    """The small CNN with its inputs."""
    return prepared[0]
