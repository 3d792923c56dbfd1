"""Warm probes, each compiled once in a session and shared by everyone who asks for the same target."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autogauge.probe.launcher import Launcher, Probe
from autogauge.probe.log import AutoLog
from autogauge.probe.request import CacheMode, ProbeFailed
from autogauge.rig.workload import Workload
from autogauge.targets import Target

RENEWED_WARM_UP_S = 0.1
DEADLINE_S = 180.0  # for one answer of a probe: a compile, a slice beyond its length, letting go of the model


class WarmProbe:
    """A compiled target that waits for work: ``slice`` measures, ``infer`` answers. Both raise ``ProbeFailed``."""

    def __init__(self, probe: Probe, target: Target, frames: int, deadline_s: float) -> None:
        self.target = target
        self._probe, self._frames, self._deadline_s = probe, frames, deadline_s
        self.facts = probe.receive("ready", deadline_s)
        self.facts.pop("type")
        self.driver: str = self.facts.get("driver", "")
        self.alive = True

    @property
    def pid(self) -> int:
        """The probe's process number."""
        return self._probe.pid

    @property
    def infer_requests(self) -> int:
        """How many infer requests are kept in flight."""
        return int(self.facts["infer_requests"])

    @property
    def trial(self) -> dict[str, list[float]]:
        """What driving the requests in each way gave, by driver: inferences per second, turn by turn; empty where it was told how."""
        return self.facts.get("trial") or {}

    @property
    def drivers(self) -> tuple[str, ...]:
        """The ways in which this number of requests can be driven, the usual one first."""
        return tuple(self.facts.get("drivers") or ())

    @property
    def execution_devices(self) -> tuple[str, ...]:
        """The devices that answer, once warm."""
        return tuple(self.facts["execution_devices_warm"] or ())

    def auto_log(self) -> AutoLog:
        """What AUTO has logged."""
        return self._probe.auto_log()

    def slice(self, seconds: float) -> dict[str, Any]:
        """Measure for so many seconds, driving the requests by ``driver``. Adds ``fps`` (frames a second) to the probe's reply."""
        reply = self._ask("slice", "slice", seconds + self._deadline_s, seconds=seconds, driver=self.driver)
        reply["fps"] = reply["inferences_per_second"] * self._frames
        return reply

    def infer(self, outputs: Path) -> dict[str, Any]:
        """Infer once and save the outputs to ``outputs`` (npz, named by index)."""
        return self._ask("infer", "inferred", self._deadline_s, path=str(outputs))

    def _ask(self, command: str, reply: str, deadline_s: float, **fields: Any) -> dict[str, Any]:
        try:
            return self._probe.ask(command, reply, deadline_s, **fields)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the probe in good order. Raises ``ProbeFailed`` when it would not; it is ended all the same."""
        self.alive = False
        self._probe.stop(self._deadline_s)

    def kill(self) -> None:
        """End the probe at once."""
        self.alive = False
        self._probe.kill()


class ProbePool:
    """The warm probes of a session. A probe that died is started anew when it is next asked for."""

    def __init__(
        self,
        launcher: Launcher,
        workload: Workload,
        *,
        warm_up_s: float,
        infer_requests: int = 0,
        deadline_s: float = DEADLINE_S,
        cache: CacheMode | Path = "off",
    ) -> None:
        self._cache = cache
        self._launcher, self._workload, self._infer_requests = launcher, workload, infer_requests
        self._warm_up_s, self._deadline_s = warm_up_s, deadline_s
        self._probes: dict[object, WarmProbe] = {}
        self._drivers: dict[object, str] = {}
        self.compiled: list[Target] = []

    def warm(self, target: Target, infer_requests: int = 0) -> WarmProbe:
        """The warm probe of ``target``, compiled now if it has not been; 0 requests are the pool's number. Raises ``ProbeFailed``."""
        found = self._probes.get((target.key, infer_requests))
        if found is not None and found.alive:
            return found
        return self._start(target, self._warm_up_s, infer_requests)

    def renew(self, target: Target, infer_requests: int = 0) -> WarmProbe:
        """A fresh probe of ``target`` in the place of the one that there is, with the shortest warm-up. Raises ``ProbeFailed``.

        It is started before the other one ends: else it would be given the very memory that the other one has just let go of, and with it
        what made that one slow or fast (``docs/measuring.md``).
        """
        found = self._probes.pop((target.key, infer_requests), None)
        try:
            return self._start(target, min(RENEWED_WARM_UP_S, self._warm_up_s), infer_requests)
        finally:
            if found is not None:
                found.kill()

    def drive_by(self, target: Target, driver: str, infer_requests: int = 0) -> None:
        """Let this probe of ``target`` and those that follow it drive their requests that way."""
        key = (target.key, infer_requests)
        self._drivers[key] = driver
        found = self._probes.get(key)
        if found is not None and driver in found.drivers:
            found.driver = driver

    def _start(self, target: Target, warm_up_s: float, infer_requests: int) -> WarmProbe:
        key = (target.key, infer_requests)
        request = self._workload.request(
            "warm",
            target,
            warm_up_s=warm_up_s,
            driver=self._drivers.get(key, ""),
            infer_requests=infer_requests or self._infer_requests,
            deadline_s=self._deadline_s,
            accelerator_wait_s=self._deadline_s / 2,
            cache=self._cache,
        )
        probe = self._launcher.start(request, f"warm-{target.label}")
        try:
            warm = WarmProbe(probe, target, self._workload.frames, self._deadline_s)
        except BaseException:
            probe.kill()
            raise
        self.compiled.append(target)
        self._probes[key] = warm
        return warm

    def close(self, *, at_once: bool = False) -> list[str]:
        """End every probe: in good order, or at once after an interruption. Returns a sentence for each that would not."""
        trouble = []
        for probe in self._probes.values():
            if probe.alive and at_once:
                probe.kill()
            elif probe.alive:
                try:
                    probe.stop()
                except ProbeFailed as error:
                    trouble.append(
                        f"{probe.target.label}: {error.failure.sentence()} when it was to let go of its model"
                    )
        self._probes.clear()
        return trouble


@contextlib.contextmanager
def bystander(launcher: Launcher, workload: Workload) -> Iterator[None]:
    """Keep an idle probe alive that was started before those to be measured.

    Of identical warm processes the one started first was measured about 1 % slower than the others, which agree; with a
    bystander before them the difference shrinks to about 0.3 % (``docs/measuring.md``). Why is not known.
    """
    pool = ProbePool(launcher, workload, warm_up_s=0.1)
    try:
        with contextlib.suppress(ProbeFailed):  # who is measured will fail too, and be told
            pool.warm(Target("CPU"))
        yield
    finally:
        pool.close(at_once=True)
