"""Probes measure one target each; whatever becomes of one, its keeper gets an answer in time and nothing survives."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.inputs import prepare
from autogauge.models import resolve
from autogauge.models.inspect import inspect
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.log import AutoLog
from autogauge.probe.request import ProbeFailed
from autogauge.rig.pool import ProbePool
from autogauge.rig.workload import Workload
from autogauge.targets import Target
from tests.support import ROOT, is_gone, misbehaving_python, probes_of, wait_until

CPU, AUTO = Target("CPU"), Target("AUTO:CPU")
WORKER_GRACE_S = 5.0


@pytest.fixture(scope="module")
def workload(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workload")
    model = resolve.offline("one-convolution", "FP16", Cache(folder))
    inputs = prepare(inspect(Launcher(folder / "probes"), model).ports)
    inputs.save(folder / "inputs.npz")
    return Workload(model, folder / "inputs.npz", {}, 1)


@pytest.fixture
def launcher(tmp_path):
    return Launcher(tmp_path / "probes")


@pytest.fixture
def pool(launcher, workload):
    pool = ProbePool(launcher, workload, warm_up_s=0.05)
    yield pool
    pool.close(at_once=True)


def misbehaving(tmp_path, lines):
    return Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, textwrap.dedent(lines))))


def failure_of(launcher, workload, **request):
    with pytest.raises(ProbeFailed) as caught:
        launcher.run_once(workload.request("once", CPU, **request), "failing")
    return caught.value.failure


def test_once_gives_every_phase_and_fil_is_compile_and_first_inference(launcher, workload):
    reply, _ = launcher.run_once(workload.request("once", CPU), "once")
    seconds = reply["seconds"]
    assert seconds["fil"] == pytest.approx(seconds["compile"] + seconds["first_inference"])
    assert all(seconds[phase] > 0 for phase in ("import", "core", "read", "compile", "first_inference"))
    assert reply["destroy_s"] > 0
    assert reply["execution_devices"] == reply["execution_devices_before"] == ["CPU"]
    assert reply["peak_memory_bytes"] > 50e6
    assert reply["surroundings"]["wall_s"] > seconds["fil"]


@pytest.mark.slow
def test_a_process_that_takes_long_to_end_after_a_right_answer_is_waited_for(tmp_path, workload):
    """On a busy machine a driver's threads end slowly; the answer was right, and is no worse for that."""
    late = misbehaving(tmp_path, "import atexit, time\natexit.register(time.sleep, 7)")
    reply, _ = late.run_once(workload.request("once", CPU), "late")
    assert reply["destroy_s"] > 0


def test_autos_log_is_read_beside_the_result(launcher, workload):
    reply, log = launcher.run_once(workload.request("once", AUTO), "auto")
    assert log.selected == ["CPU"] == reply["execution_devices"]
    assert log.finished == ["CPU"]


def test_a_probe_that_printed_nothing_has_an_empty_log_also_when_it_has_been_ended(launcher, workload):
    """A model that is not let go of in time is a result: the probe is ended, and its log read afterwards."""
    probe = launcher.start(workload.request("once", CPU), "silent")
    probe.receive("measured", 60)
    probe.kill()
    assert not list(launcher.log_folder.glob("*.out"))
    assert probe.auto_log() == AutoLog()


def test_a_cold_cache_is_private_and_a_kept_one_is_found_again(launcher, workload, tmp_path):
    kept = tmp_path / "cache"
    off, cold, fill, warm = (
        launcher.run_once(workload.request("once", CPU, cache=cache), "cache")[0]
        for cache in ("off", "cold", kept, kept)
    )
    assert [reply["loaded_from_cache"] for reply in (off, cold, fill, warm)] == [False, False, False, True]
    assert list(kept.glob("*.blob"))


def test_a_probe_sees_an_empty_kernel_cache_of_its_own_and_leaves_nothing(tmp_path, workload):
    seen = tmp_path / "seen"
    spy = f"""
        with open({str(seen)!r}, "a") as stream:
            print(os.environ["NEO_CACHE_DIR"], os.listdir(os.environ["NEO_CACHE_DIR"]), os.getcwd(), file=stream)
    """
    launcher = misbehaving(tmp_path, spy)
    for _ in range(2):
        launcher.run_once(workload.request("once", CPU), "spied")
    lines = seen.read_text().splitlines()
    assert len(set(lines)) == 2
    for line in lines:
        kernels, listing, folder = line.split(" ")
        assert listing == "[]"
        assert not Path(kernels).exists()
        assert not Path(folder).exists()


def test_a_probe_starts_no_process_and_sends_no_telemetry(tmp_path, workload):
    seen = tmp_path / "seen"
    spy = f"""
        def watch(event, arguments):
            if event in ("os.fork", "os.posix_spawn", "subprocess.Popen", "socket.connect", "socket.getaddrinfo"):
                with open({str(seen)!r}, "a") as stream:
                    print(event, arguments, file=stream)
        sys.addaudithook(watch)
        os.environ.pop("CI", None)
    """
    launcher = misbehaving(tmp_path, spy)
    launcher.run_once(workload.request("once", AUTO), "watched")
    time.sleep(0.3)
    assert not seen.exists(), seen.read_text()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_probe_killed_by_a_signal_is_a_failure_with_the_signal_and_the_tail(tmp_path, workload, number):
    launcher = misbehaving(tmp_path, f"print('last words', flush=True); os.kill(os.getpid(), {int(number)})")
    failure = failure_of(launcher, workload)
    assert failure.kind == "signal"
    assert f"signal {int(number)} ({number.name})" in failure.sentence()
    assert "last words" in failure.output_tail


def test_a_crash_inside_openvino_is_a_failure_with_its_traceback(tmp_path, workload):
    crash = """
        import openvino
        openvino.Core.compile_model = lambda *a, **k: os.kill(os.getpid(), signal.SIGSEGV)
    """
    failure = failure_of(misbehaving(tmp_path, crash), workload)
    assert "SIGSEGV" in failure.sentence()
    assert "compile_and_infer_once" in failure.output_tail, "faulthandler says where"


def test_a_crash_on_the_way_out_is_a_failure_too(tmp_path, workload):
    late = "import atexit; atexit.register(lambda: os.kill(os.getpid(), signal.SIGSEGV))"
    assert "(SIGSEGV) during exit" in failure_of(misbehaving(tmp_path, late), workload).sentence()


def test_a_hung_probe_is_ended_at_its_deadline_with_its_children(tmp_path, workload):
    hang = f"""
        import subprocess
        child = subprocess.Popen(["sleep", "60"])
        open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
        time.sleep(60)
    """
    began = time.monotonic()
    failure = failure_of(misbehaving(tmp_path, hang), workload, deadline_s=1.0)
    assert failure.kind == "deadline"
    assert "no answer within 1 s" in failure.sentence()
    assert time.monotonic() - began < 5
    child = int((tmp_path / "child").read_text())
    assert wait_until(lambda: is_gone(child))


@pytest.mark.parametrize(
    ("answer", "word"), [("this is no JSON", "garbage"), ("[1]", "garbage"), ('{\\"type\\": \\"ready\\"}', "instead")]
)
def test_garbage_is_a_failure(tmp_path, workload, answer, word):
    launcher = misbehaving(tmp_path, f'os.write(int(sys.argv[1]), b"{answer}\\n"); time.sleep(60)')
    failure = failure_of(launcher, workload)
    assert failure.kind == "garbage"
    assert word in failure.sentence()


def test_noise_on_standard_output_is_not_taken_for_a_result(tmp_path, workload):
    launcher = misbehaving(tmp_path, 'print(\'{"type": "measured"}\', flush=True)')
    assert launcher.run_once(workload.request("once", CPU), "noisy")[0]["seconds"]["fil"] > 0


def test_an_error_of_openvino_names_its_phase(launcher, workload):
    with pytest.raises(ProbeFailed) as caught:
        launcher.run_once(workload.request("once", Target("CPU", {"NO_SUCH_PROPERTY": "1"})), "wrong")
    assert caught.value.failure.kind == "error"
    assert caught.value.failure.phase == "compile"


def test_an_interpreter_that_is_not_there_is_a_failure(tmp_path, workload):
    launcher = Launcher(tmp_path / "probes", Runtime(str(tmp_path / "no-python")))
    assert "cannot start" in failure_of(launcher, workload).sentence()


@pytest.mark.parametrize("hint", ["LATENCY", "THROUGHPUT"])
def test_a_slice_gives_fps_every_latency_and_what_was_beside_it(pool, hint):
    probe = pool.warm(Target.with_hint("AUTO:CPU", hint))
    reply = probe.slice(0.2)
    assert reply["counted_s"] >= 0.2
    assert reply["fps"] == pytest.approx(len(reply["latencies_ms"]) / reply["counted_s"], rel=0.2)
    bound = probe.infer_requests / (sum(reply["latencies_ms"]) / len(reply["latencies_ms"]) / 1e3)
    assert 0.1 < reply["fps"] / bound < 1.1, "never more than the bound, and not absurdly less"
    assert {"own_cpu_s", "others_cpu_s", "steal_s", "load_1min"} <= set(reply["surroundings"])
    assert reply["execution_devices"] == ["CPU"]


@pytest.mark.parametrize("requests", [1, 3])
def test_every_driver_keeps_its_requests_busy_and_is_tried_in_the_warm_up(launcher, workload, requests):
    pool = ProbePool(launcher, workload, warm_up_s=0.3, infer_requests=requests)
    try:
        probe = pool.warm(CPU)
        assert set(probe.trial) == set(probe.drivers)
        assert all(speed > 0 for turns in probe.trial.values() for speed in turns)
        assert min(map(len, probe.trial.values())) >= 2
        for driver in probe.drivers:
            pool.drive_by(CPU, driver)
            reply = probe.slice(0.1)
            assert reply["driver"] == driver
            assert reply["counted_s"] >= 0.1
            bound = requests / (sum(reply["latencies_ms"]) / len(reply["latencies_ms"]) / 1e3)
            assert 0.05 < reply["fps"] / bound < 1.1, driver
        fresh = pool.renew(CPU)
        assert fresh.facts["driver"] == driver, "a fresh process goes on as its predecessor did"
        assert not fresh.trial
        with pytest.raises(ProbeFailed, match="unknown driver by magic"):
            fresh._ask("slice", "slice", 60.0, seconds=0.05, driver="by magic")
    finally:
        pool.close(at_once=True)


def test_as_many_requests_as_asked_are_kept_in_flight(launcher, workload):
    pool = ProbePool(launcher, workload, warm_up_s=0.05, infer_requests=3)
    try:
        assert pool.warm(AUTO).infer_requests == 3
        assert pool.warm(AUTO).slice(0.05)["fps"] > 0
    finally:
        pool.close()


def test_the_same_target_is_compiled_once_and_anew_only_after_its_probe_died(pool):
    first = pool.warm(CPU)
    assert pool.warm(CPU) is first
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(ProbeFailed, match="SIGKILL"):
        first.slice(0.05)
    assert pool.warm(CPU) is not first
    assert pool.warm(CPU).slice(0.05)["fps"] > 0
    assert len(pool.compiled) == 2


def test_a_waiting_probe_uses_no_processor_time(pool):
    import psutil

    probes = [pool.warm(Target.with_hint("AUTO", hint)) for hint in ("LATENCY", "THROUGHPUT")]
    for probe in probes:
        probe.slice(0.1)
    processes = [psutil.Process(probe.pid) for probe in probes]
    time.sleep(0.3)  # OpenVINO's threads go to sleep soon, not at once
    before = [sum(process.cpu_times()[:2]) for process in processes]
    time.sleep(1.5)
    used = [sum(process.cpu_times()[:2]) - start for process, start in zip(processes, before, strict=True)]
    assert max(used) <= 0.02, "two ticks of the clock at most"


LAUNCHER_THAT_DIES = """
import signal, sys
from pathlib import Path
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import ProbeRequest
probe = Launcher(Path(sys.argv[1]), Runtime(sys.argv[2])).start(ProbeRequest(mode="describe"), "orphan")
print(probe.pid, flush=True)
signal.pause()
"""


def test_a_busy_probe_dies_with_its_launcher_even_if_that_is_killed(tmp_path):
    hung = f"""
        import openvino
        def hang():
            open({str(tmp_path / "hanging")!r}, "w").close()
            time.sleep(60)
        openvino.Core = hang
    """
    python = misbehaving_python(tmp_path, textwrap.dedent(hung))
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER_THAT_DIES, str(tmp_path / "probes"), python], stdout=subprocess.PIPE, cwd=ROOT
    )
    pid = int(launcher.stdout.readline())
    assert wait_until((tmp_path / "hanging").exists)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait(10)
    assert wait_until(lambda: is_gone(pid))


@pytest.mark.slow
def test_a_warm_probe_may_wait_longer_than_its_deadline(launcher, workload):
    pool = ProbePool(launcher, workload, warm_up_s=0.05, deadline_s=2.0)
    try:
        probe = pool.warm(CPU)
        time.sleep(2.0 + WORKER_GRACE_S + 1.0)
        assert probe.slice(0.05)["fps"] > 0
    finally:
        pool.close(at_once=True)


def test_a_crash_names_the_phase_it_came_in(tmp_path, workload):
    crash = "import openvino; openvino.Core.read_model = lambda *a, **k: os.kill(os.getpid(), signal.SIGSEGV)"
    assert failure_of(misbehaving(tmp_path, crash), workload).phase == "read"


def test_a_closed_pool_leaves_no_process(launcher, workload):
    others = set(probes_of(os.getpid()))
    pool = ProbePool(launcher, workload, warm_up_s=0.05)
    pool.warm(CPU)
    assert len(set(probes_of(os.getpid())) - others) == 1
    pool.close()
    assert not set(probes_of(os.getpid())) - others
