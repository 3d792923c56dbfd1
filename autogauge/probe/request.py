"""What a probe is asked, and how a failed one is described. Both cross process borders as plain JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from autogauge.causes import step_in
from autogauge.targets import Target

Mode = Literal["describe", "once", "warm", "hand-over", "footprint", "layers", "case"]
CacheMode = Literal["off", "cold"]
FailureKind = Literal["error", "signal", "exit", "deadline", "garbage"]


MOST_GPUS, MOST_AFTER = 2, 1_000_000_000
_FAULT = re.compile(r"|fail|hang|slow:[0-9]{1,5}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class EmulatedGpu:
    """One of several emulated GPUs, or one with faults.

    A ``discrete`` one says that it has memory of its own; ``vendor`` "other" makes it another maker's than Intel's. An integrated one
    ``without_int8`` has no such capability, whatever the processor (a discrete one always has it). ``build`` and
    ``launch`` are faults that it meets from the start, after so many that are good as ``after`` says: "" (none), "fail", "hang", or
    "slow:SECONDS". ``autogauge.probe.worker.emulation.fault`` changes them while the process runs. Raises ``ValueError``.
    """

    discrete: bool = False
    vendor: Literal["intel", "other"] = "intel"
    build: str = ""
    launch: str = ""
    after: int = 0
    without_int8: bool = False

    def __post_init__(self) -> None:
        if self.vendor not in ("intel", "other"):
            raise ValueError(f"an emulated GPU's vendor is intel or other, not {self.vendor!r}")
        if self.discrete and self.without_int8:
            raise ValueError(
                "an emulated GPU's INT8 cannot be left out of a discrete one: OpenVINO takes it for granted"
            )
        for fault in (self.build, self.launch):
            if not _FAULT.fullmatch(fault):
                raise ValueError(f"an emulated GPU's fault is fail, hang or slow:SECONDS, not {fault!r}")
        if not 0 <= self.after <= MOST_AFTER:
            raise ValueError(
                f"an emulated GPU's fault begins after 0 to {MOST_AFTER} that are good, not after {self.after}"
            )

    @property
    def place(self) -> int:
        """Where OpenVINO (2024.6 to 2026.4) puts it: Intel's integrated ones first, then its discrete ones, then another vendor's."""
        return 2 if self.vendor == "other" else int(self.discrete)


@dataclass(frozen=True)
class Emulation:
    """The parts of the emulated GPU that a probe loads before openvino, as absolute paths.

    ``devices`` says which GPUs there are, at most ``MOST_GPUS``; with none it is one that works. OpenVINO numbers them in this order
    (``GPU.0``, ``GPU.1``; ``GPU`` where there is one), which must be its own: by ``EmulatedGpu.place``. Raises ``ValueError`` otherwise.
    """

    runtime: str
    loader: str
    layer: str
    libraries: tuple[str, ...]
    devices: tuple[EmulatedGpu, ...] = ()

    def __post_init__(self) -> None:
        if len(self.devices) > MOST_GPUS:
            raise ValueError(f"at most {MOST_GPUS} GPUs are emulated, not {len(self.devices)}")
        places = [device.place for device in self.devices]
        if places != sorted(places):
            raise ValueError(
                "OpenVINO numbers Intel's integrated GPUs first, then its discrete ones, then another vendor's: name them in that order"
            )


@dataclass(frozen=True)
class ProbeRequest:
    """What one probe shall do.

    ``describe`` lists devices, reads the model and says what is wrong with ``targets``; ``once`` measures import to first inference;
    ``warm`` compiles, warms up and then measures slices by command; ``hand-over`` infers without pause, from the compile until
    ``after_hand_over_s`` after AUTO's hand-over or until ``hand_over_deadline_s`` after the compile began, compares every answer with the
    outputs in ``expected`` and writes each inference to ``timeline``.

    State is reset before each inference, where the compiled model has any. ``has_state`` says that the model does: where none can be
    reset then, ``warm`` says so and ``hand-over`` compares no answer.

    ``cache`` is OpenVINO's model cache: ``off`` (its default; every compile is a cold one), ``cold`` (a private empty
    ``CACHE_DIR``, removed afterwards; the compile then also exports its blob), or a folder to keep.

    ``await_accelerator`` lets ``once`` wait, after the first inference, until AUTO's CPU helper has been released, at most
    ``accelerator_wait_s``; ``warm`` always does.

    ``driver`` is the way in which ``warm`` drives them (``worker.lanes``); an empty one lets it try all of them and take the best.

    With ``save_outputs`` (a path) ``once`` infers once more and writes the outputs there. So many times at most as ``ask_again`` says it
    asks again, and leaves out the outputs on which its answers differ, and in any case those with the indices ``leave_out``.

    ``plugins`` are devices that are registered beside OpenVINO's own: the name, and the library of its plugin.
    ``on_one_processor`` keeps all threads on one processor, where Linux can: no inference waits for a thread to wake on another.

    ``footprint`` infers in bursts, while AUTO's helper answers, at most ``accelerator_wait_s``, and ``after_hand_over_s`` beyond, and tells
    what was resident in each of these phases.

    ``infer_requests`` is how many are kept in flight; 0 leaves it to the device, and in ``hand-over`` means one, inferred synchronously.

    ``without_gpu`` keeps every GPU out of the process, a real one too: OpenCL finds no driver.

    ``layers`` infers for ``measure_s`` after ``warm_up_s``; with ``counted`` one request at a time, and the device counts how long each
    layer takes (``PERF_COUNT``).

    ``case`` does ``steps`` (what they are: ``worker.steps``) with ``models``, paths by name.
    """

    mode: Mode
    model: str | None = None
    device: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, list[int]] = field(default_factory=dict)
    inputs: str | None = None
    cache: CacheMode | Path = "off"
    infer_requests: int = 0
    warm_up_s: float = 0.5
    driver: str = ""
    counted: bool = False
    measure_s: float = 0.5
    await_accelerator: bool = False
    accelerator_wait_s: float = 60.0
    save_outputs: str | None = None
    ask_again: int = 0
    leave_out: tuple[int, ...] = ()
    expected: str | None = None
    has_state: bool = False
    timeline: str | None = None
    after_hand_over_s: float = 1.0
    hand_over_deadline_s: float = 60.0
    steps: tuple[Mapping[str, Any], ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    emulation: Emulation | None = None
    without_gpu: bool = False
    targets: tuple[Target, ...] = ()
    plugins: Mapping[str, str] = field(default_factory=dict)
    on_one_processor: bool = False
    deadline_s: float = 120.0

    @classmethod
    def for_target(cls, mode: Mode, target: Target, **others: Any) -> ProbeRequest:
        """A request that compiles for ``target``; the other fields by name."""
        return cls(mode=mode, device=target.device, properties=dict(target.properties), **others)

    def to_json(self) -> bytes:
        """One line of UTF-8 JSON without a newline."""
        fields = asdict(self)
        fields["cache"] = str(self.cache)
        fields["targets"] = [{"device": each.device, "properties": dict(each.properties)} for each in self.targets]
        return json.dumps(fields).encode()


@dataclass(frozen=True)
class Failure:
    """Why a probe gave no result: an error it reported, a signal, an exit status, a deadline, or garbage.

    ``phase`` is what it was at; empty where the reason says all: its runtime is not what it was.
    """

    kind: FailureKind
    phase: str
    reason: str
    output_tail: str = ""
    log: str = ""
    """The name of the file that keeps what it printed; empty where it printed nothing."""

    @property
    def next_step(self) -> str | None:
        """What to do where the machine lacked something (memory, files, processes, disk), from the reason and what was printed last."""
        return None if self.kind in ("deadline", "garbage") else step_in(self.reason) or step_in(self.output_tail)

    def sentence(self) -> str:
        """One sentence for a report, without the output's tail."""
        step = self.next_step
        during = f" during {self.phase}" if self.phase else ""
        return f"{self.reason}{during}" + (f" ({step})" if step else "")

    def to_json(self) -> dict[str, str]:
        """The fields as a dictionary."""
        return asdict(self)


class ProbeFailed(Exception):
    """A probe gave no result; ``failure`` says why. The measurement goes on without it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence() + (f"\n{failure.output_tail}" if failure.output_tail else ""))
        self.failure = failure
