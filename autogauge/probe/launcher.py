"""Starts probes and keeps them: requests go in, checked replies come out, and whatever goes wrong is a ``Failure``.

Which probes run, in what order, and what the figures mean is left to ``studies``.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autogauge.files import is_absent, readable
from autogauge.probe import answers, environment
from autogauge.probe import log as auto_log
from autogauge.probe.identity import Identity, Runtime, WrongRuntime
from autogauge.probe.log import AutoLog
from autogauge.probe.lost import is_lost
from autogauge.probe.process import MOST_LINE, Child, Ending, LineTooLong, last_line
from autogauge.probe.request import Emulation, Failure, FailureKind, ProbeFailed, ProbeRequest
from autogauge.probe.seen import Seen
from autogauge.targets import Target

WORKER = Path(__file__).with_name("worker")
MOST_REASON, MOST_PHASE = 1000, 60  # letters of what a probe says of itself
END_GRACE_S = (
    60.0  # for the interpreter to close after the probe's last word: a driver's threads end slowly on a busy machine
)

Reply = dict[str, Any]


class Launcher:
    """Makes probes on one runtime and keeps their output in one folder, numbered in the order of starting.

    With ``emulation`` every probe sees the emulated GPU, and no real one.
    """

    def __init__(self, log_folder: Path, runtime: Runtime | None = None, emulation: Emulation | None = None) -> None:
        self.log_folder = log_folder
        self.runtime = runtime or Runtime()
        self.emulation = emulation
        self._numbers = itertools.count(1)
        log_folder.mkdir(parents=True, exist_ok=True)

    def start(self, request: ProbeRequest, name: str) -> Probe:
        """Start a probe; its request is sent, its answer not yet awaited."""
        stem = f"{next(self._numbers):04d}-{readable(name)}"
        scratch = self.log_folder.parent  # whoever made that removes it, also after a kill
        request = replace(request, emulation=self.emulation)
        return Probe(self.runtime, request, self.log_folder / f"{stem}.out", self.log_folder / f"{stem}.err", scratch)

    def run_once(self, request: ProbeRequest, name: str) -> tuple[Reply, AutoLog]:
        """Run a probe to its end; returns its reply and AUTO's log. Raises ``ProbeFailed``.

        ``destroy_s`` is in the reply, unless AUTO's CPU helper answered: letting go of that model would wait for the
        accelerator's compile, which is a study of its own, so the probe is ended at once.
        """
        probe = self.start(request, name)
        try:
            reply = probe.receive("measured", request.deadline_s)
            last_seen = reply.get("execution_devices_in_the_end", reply["execution_devices"])
            if not any(str(device).startswith("(") for device in last_seen or ()):
                reply.update(_without_type(probe.receive("ended", request.deadline_s)))
                probe.expect_end()
            return reply, probe.auto_log()
        finally:
            probe.kill()

    def run_hand_over(self, request: ProbeRequest, name: str) -> tuple[Reply, AutoLog]:
        """Run a hand-over probe to its end; returns its reply and AUTO's log. Raises ``ProbeFailed``.

        ``destroy_s`` is ``None`` when letting go of the model took longer than the request's deadline: a result, not a failure.
        ``printed`` is the name of the file that keeps what the probe printed.
        """
        probe = self.start(request, name)
        try:
            reply = _without_type(probe.receive("measured", request.deadline_s))
            try:
                reply.update(_without_type(probe.receive("ended", request.deadline_s)))
            except ProbeFailed as error:
                if error.failure.kind != "deadline":
                    raise
                reply["destroy_s"] = None
            else:
                probe.expect_end()
            reply["printed"] = probe.printed
            return reply, probe.auto_log()
        finally:
            probe.kill()

    def run_case(self, request: ProbeRequest, name: str) -> Seen:
        """Run a case to its end, or to the step that crashed or passed its deadline: that is what was seen of it.

        Each step has ``deadline_s``, its own or the request's. Raises ``ProbeFailed`` where not even the first step began.
        """
        steps = [{"deadline_s": request.deadline_s, **step} for step in request.steps]
        probe = self.start(replace(request, steps=tuple(steps)), name)
        told: list[Reply] = []
        ending: Failure | None = None
        surroundings: dict[str, float | None] = {}
        try:
            for number, step in enumerate(steps):
                start_s = request.deadline_s if not number else 0.0  # the first one waits for openvino to be loaded
                reply = probe.receive("step", step["deadline_s"] + start_s)
                if reply["number"] != number:
                    raise probe.garbage(f"it tells of step {reply['number']} instead of {number}")
                told.append(_without_type(reply))
            surroundings = probe.receive("done", END_GRACE_S)["surroundings"]
            probe.expect_end()
        except ProbeFailed as error:
            if not told and not probe.phase.startswith("step"):
                raise
            ending = error.failure
        finally:
            printed = probe.text()
            probe.kill()
        return Seen.of(steps, told, ending, printed, surroundings)

    def describe(
        self,
        model: Path | None = None,
        shapes: dict[str, list[int]] | None = None,
        *,
        targets: Sequence[Target] = (),
        deadline_s: float = 60.0,
    ) -> Reply:
        """Devices, versions and (if named) the model's inputs and outputs, from a short-lived probe. Raises ``ProbeFailed``.

        Of each target also what is wrong with it (``worker.properties``).
        """
        request = ProbeRequest(
            "describe",
            None if model is None else str(model),
            shapes=shapes or {},
            targets=tuple(targets),
            deadline_s=deadline_s,
        )
        probe = self.start(request, "describe")
        try:
            reply = probe.receive("described", deadline_s)
            if len(reply["targets"]) != len(targets):
                reason = f"it was asked of {len(targets)} targets and answered of {len(reply['targets'])}"
                raise ProbeFailed(Failure("garbage", probe.phase, reason))
            return reply
        finally:
            probe.kill()


class Probe:
    """One probe process. ``receive`` and ``ask`` raise ``ProbeFailed`` for a crash, a deadline, an error, or garbage.

    They raise :class:`~autogauge.probe.identity.WrongRuntime` for one that runs another openvino than it is to; where that ends nothing
    else (``Runtime.by_itself``), ``ProbeFailed``, and no further probe starts on it.
    """

    def __init__(self, runtime: Runtime, request: ProbeRequest, stdout: Path, stderr: Path, scratch: Path) -> None:
        self.request = request
        self.phase = "start"
        self._runtime, self._told = runtime, False
        if runtime.spoilt:
            raise _spoilt(runtime)
        self._folder = scratch / f"probe-{secrets.token_hex(8)}"
        try:
            self._folder.mkdir()
            self._child = Child(
                [runtime.python, str(WORKER), "{result}", str(os.getpid())],
                stdout=stdout,
                stderr=stderr,
                environment={**_variables(runtime), **_private_caches(self._folder)},
                folder=self._folder,
            )
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            reason = f"cannot start {runtime.python} in {scratch}: {error.strerror}"
            if runtime.name and runtime.identity and is_absent(Path(runtime.python)):
                raise self._wrong(runtime.gone(f"{runtime.python} is not there")) from None
            raise ProbeFailed(Failure("exit", "start", reason)) from error
        absolute = replace(
            request,
            model=_absolute(request.model),
            inputs=_absolute(request.inputs),
            expected=_absolute(request.expected),
            timeline=_absolute(request.timeline),
            save_outputs=_absolute(request.save_outputs),
        )
        self._child.write_line(absolute.to_json())

    @property
    def pid(self) -> int:
        """The process's number, which is its group's too."""
        return self._child.pid

    @property
    def printed(self) -> str:
        """The name of the file that keeps what it prints, AUTO's log among it."""
        return self._child.stdout.name

    def receive(self, kind: str, deadline_s: float) -> Reply:
        """Await the message of that type, at most so many seconds."""
        deadline = time.monotonic() + deadline_s
        while True:
            message = self._next_message(deadline, deadline_s)
            found = message["type"]
            if found == "phase":
                self.phase = str(message.get("phase"))[:MOST_PHASE]
            elif found == "runtime":
                self._check_runtime(message)
            else:
                break
        if found == "error":
            reason = last_line(str(message.get("message")))[:MOST_REASON]
            before = self._runtime.identity if self._runtime.name else None
            if before and message.get("phase") == "import" and is_lost(reason, before):
                raise self._wrong(self._runtime.gone(reason))
            raise ProbeFailed(
                self._failure("error", str(message.get("phase"))[:MOST_PHASE], reason, self._child.output_tail())
            )
        if found != kind:
            self.kill()
            reason = f"it answered {found!r} instead of {kind!r}"
            raise ProbeFailed(self._failure("garbage", self.phase, reason, self._child.output_tail()))
        if fault := answers.fault_of(message) or ("" if self._told else "it did not say what it runs"):
            self.kill()
            raise ProbeFailed(
                self._failure("garbage", self.phase, f"its answer was garbage: {fault}", self._child.output_tail())
            )
        return message

    def _check_runtime(self, message: Reply) -> None:
        """Hold the openvino that the probe has loaded against the one that it is to be. Raises ``WrongRuntime``."""
        try:
            self._runtime.check(Identity.from_message(message))
        except WrongRuntime as error:
            self.kill()
            raise self._wrong(error) from None
        except ValueError as error:
            self.kill()
            raise ProbeFailed(self._failure("garbage", self.phase, str(error), self._child.output_tail())) from None
        self._told = True

    def _wrong(self, error: WrongRuntime) -> WrongRuntime | ProbeFailed:
        """What follows from a runtime that is not what it was: the end of everything, or of what is measured with it alone."""
        if not self._runtime.by_itself:
            return error
        self._runtime.spoil(error)
        return _spoilt(self._runtime)

    def _next_message(self, deadline: float, deadline_s: float) -> Reply:
        """The next line as a message; a failure names the phase that the probe was in."""
        try:
            line = self._child.read_line(deadline)
        except TimeoutError:
            tail = self._child.output_tail()
            self.kill()
            raise ProbeFailed(
                self._failure("deadline", self.phase, f"no answer within {deadline_s:g} s", tail)
            ) from None
        except LineTooLong:
            self.kill()
            too_long = f"its answer was garbage: over {MOST_LINE >> 20} MiB without an end"
            raise ProbeFailed(self._failure("garbage", self.phase, too_long, self._child.output_tail())) from None
        if line is None:
            raise ProbeFailed(self._died())
        try:
            message = json.loads(line)
            if isinstance(message["type"], str):
                return dict(message)
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        self.kill()
        garbage = f"its answer was garbage: {line[:200].decode(errors='replace')!r}"
        raise ProbeFailed(self._failure("garbage", self.phase, garbage, self._child.output_tail()))

    def ask(self, command: str, reply: str, deadline_s: float, **fields: Any) -> Reply:
        """Send a command to a warm probe and await its reply."""
        message = {"command": command, "deadline_s": deadline_s, **fields}
        self.phase = command
        self._child.write_line(json.dumps(message).encode())
        return self.receive(reply, deadline_s)

    def stop(self, deadline_s: float) -> Reply:
        """Tell a warm probe to let go of its model and end; returns how long that took."""
        try:
            reply = self.ask("stop", "ended", deadline_s)
            self.expect_end()
            return _without_type(reply)
        finally:
            self.kill()

    def expect_end(self) -> None:
        """Await the end of a probe that has said its last word; a crash on the way out is a failure too."""
        try:
            ending = self._child.wait(time.monotonic() + END_GRACE_S)
        except TimeoutError:
            tail = self._child.output_tail()
            self.kill()
            raise ProbeFailed(
                self._failure("deadline", "exit", f"it did not end within {END_GRACE_S:g} s", tail)
            ) from None
        if ending != Ending(None, 0):
            raise ProbeFailed(self._ended(ending, "exit", self._child.output_tail()))

    def auto_log(self) -> AutoLog:
        """What AUTO has logged so far; nothing, when it has not, and ``kill`` has removed the empty file."""
        return auto_log.parse(self.text())

    def garbage(self, fault: str) -> ProbeFailed:
        """End a probe whose answer makes no sense; the failure that says so."""
        self.kill()
        return ProbeFailed(
            self._failure("garbage", self.phase, f"its answer was garbage: {fault}", self._child.output_tail())
        )

    def text(self) -> str:
        """What it has printed so far, AUTO's log among it."""
        return self._child.printed(self._child.stdout)

    def kill(self) -> None:
        """End the process group and remove its private folder; harmless when done before."""
        self._child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        for path in (self._child.stdout, self._child.stderr):
            if path.exists() and path.stat().st_size == 0:
                path.unlink()

    def _died(self) -> Failure:
        try:
            ending = self._child.wait(time.monotonic() + END_GRACE_S)
        except TimeoutError:
            ending = self._child.kill()
        tail = self._child.output_tail()
        self.kill()
        return self._ended(ending, self.phase, tail)

    def _ended(self, ending: Ending, phase: str, tail: str) -> Failure:
        return self._failure("signal" if ending.signal_number is not None else "exit", phase, str(ending), tail)

    def _failure(self, kind: FailureKind, phase: str, reason: str, tail: str) -> Failure:
        """A failure that names the file with what was printed: what it says of an error comes before AUTO's log."""
        printed = [path.name for path in (self._child.stderr, self._child.stdout) if self._child.printed(path).strip()]
        return Failure(kind, phase, reason, tail, printed[0] if printed else "")


def _spoilt(runtime: Runtime) -> ProbeFailed:
    """Why no probe is started on it any more: a sentence that says all, whatever the probe was at."""
    return ProbeFailed(Failure("error", "", runtime.spoilt.rstrip(".")))


def _variables(runtime: Runtime) -> dict[str, str]:
    """The user's environment for the user's own session, a clean one for a runtime with a name."""
    if not runtime.name:
        return environment.own(os.environ)
    return environment.with_more(environment.clean(os.environ), dict(runtime.variables))


def _private_caches(folder: Path) -> dict[str, str]:
    """The caches of a probe: no compiled kernel of an earlier one may serve it.

    Intel's compute runtime keeps kernels in ``NEO_CACHE_DIR``, older ones in ``cl_cache_dir`` or the working folder; the NPU's
    driver keeps compiled models in ``ZE_INTEL_NPU_CACHE_DIR``.
    """
    kernels, models = folder / "gpu-kernels", folder / "npu-models"
    kernels.mkdir()
    models.mkdir()
    return {
        "NEO_CACHE_DIR": str(kernels),
        "NEO_CACHE_PERSISTENT": "0",
        "cl_cache_dir": str(kernels),
        "ZE_INTEL_NPU_CACHE_DIR": str(models),
    }


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())  # a link keeps its name, which readers go by


def _without_type(message: Reply) -> Reply:
    return {key: value for key, value in message.items() if key != "type"}
