"""A timeline: every inference of one process across the hand-over, and its figures. Measuring one is left to ``hand_over``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.probe.worker.hand_over import is_accelerator, is_helper

STEADY_FACTOR = 1.25
STEADY_WINDOW = 5

HELPER, TRANSITION, ACCELERATOR = 0, 1, 2
LOG_PRECISION_S = 0.002  # of a time in AUTO's log against the probe's clock

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """Every inference of one process in the order in which they ended; arrays of shape ``(inferences,)``.

    ``start_s`` counts from the call of ``compile_model``; ``label`` is ``HELPER``, ``TRANSITION`` or ``ACCELERATOR``; ``memory`` holds
    pairs of seconds and bytes resident, shape ``(samples, 2)``.
    """

    start_s: Floats
    latency_s: Floats
    label: npt.NDArray[np.int8]
    error: Floats
    memory: Floats

    @classmethod
    def load(cls, path: Path, devices: Sequence[str]) -> Timeline:
        """Read what a probe wrote; ``devices`` are the names that its indices mean."""
        with np.load(path) as saved:
            order = np.argsort(saved["start_s"] + saved["latency_s"], kind="stable")
            labels = label(saved["before"], saved["after"], devices)
            return cls(
                saved["start_s"][order],
                saved["latency_s"][order],
                labels[order],
                saved["error"][order],
                saved["memory"],
            )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Timeline:
        """The timeline of a sample's arrays; errors are not kept there. Raises ``KeyError``."""
        unknown = np.full(len(arrays["label"]), np.nan)
        return cls(arrays["start_s"], arrays["latency_s"], arrays["label"], unknown, arrays["memory"])

    def with_accelerator_ready(self, ready_s: float | None) -> Timeline:
        """The timeline knowing when, by AUTO's log, the accelerator was ready.

        From then on AUTO sends it requests, while ``EXECUTION_DEVICES`` names the helper until that is released: inferences
        labelled helper that ended later may have been either's, and become transitions.
        """
        if ready_s is None:
            return self
        late = (self.label == HELPER) & (self.start_s + self.latency_s >= ready_s - LOG_PRECISION_S)
        return replace(self, label=np.where(late, TRANSITION, self.label).astype(np.int8))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name, times and latencies as float32."""
        return {
            "start_s": self.start_s.astype(np.float32),
            "latency_s": self.latency_s.astype(np.float32),
            "label": self.label,
            "memory": self.memory.astype(np.float32),
        }


def label(before: npt.NDArray[Any], after: npt.NDArray[Any], devices: Sequence[str]) -> npt.NDArray[np.int8]:
    """Who answered each inference, from the devices before and after it: equal attributes it, different is a transition.

    A name in parentheses is AUTO's CPU helper; what is neither the helper nor an accelerator is a transition too.
    """
    helpers = np.array([is_helper(name) for name in devices], dtype=bool)
    accelerators = np.array([is_accelerator(name) for name in devices], dtype=bool)
    labels = np.full(len(before), TRANSITION, np.int8)
    same = before == after
    labels[same & helpers[after]] = HELPER
    labels[same & accelerators[after]] = ACCELERATOR
    return labels


def figures_of(timeline: Timeline, handed_over_s: float | None, *, compared: bool = True) -> dict[str, float]:
    """What a timeline says, as far as it does; ``compared`` is whether its answers were held against right ones.

    ``relative_error`` is the largest, in parts of the output's largest right value (``probe.worker.answers``). ``latency_before_ms`` and
    ``latency_after_ms`` are medians (after: of the second half of the accelerator's inferences);
    ``latency_at_ms`` is the slowest of the transition and of the accelerator's first ``STEADY_WINDOW`` inferences;
    ``spike_ratio`` is that over the larger of the two medians. ``time_to_steady_s`` counts from the hand-over to the start of the
    accelerator's first ``STEADY_WINDOW`` inferences in a row whose median is at most ``STEADY_FACTOR`` times the median after.
    """
    milliseconds = timeline.latency_s * 1e3
    helper, transition, accelerator = (
        np.flatnonzero(timeline.label == each) for each in (HELPER, TRANSITION, ACCELERATOR)
    )
    found = {
        "helper_inferences": float(len(helper)),
        "transition_inferences": float(len(transition)),
        "accelerator_inferences": float(len(accelerator)),
    }
    if compared and np.isfinite(timeline.error).all():  # an answer that was never given has no error that is a number
        found["relative_error"] = float(timeline.error.max(initial=0.0))
    if len(helper):
        found["latency_before_ms"] = float(np.median(milliseconds[helper]))
    if handed_over_s is None or not len(accelerator):
        return found
    steady = accelerator[len(accelerator) // 2 :]
    after = float(np.median(milliseconds[steady]))
    at = float(milliseconds[np.concatenate([transition, accelerator[:STEADY_WINDOW]])].max())
    found |= {
        "hand_over_s": handed_over_s,
        "latency_at_ms": at,
        "latency_after_ms": after,
        "spike_ratio": at / max(after, found.get("latency_before_ms", 0.0)),
    }
    steady_s = _time_to_steady(timeline, accelerator, after, handed_over_s)
    if steady_s is not None:
        found["time_to_steady_s"] = steady_s
    return found | _memory(timeline.memory, handed_over_s)


def _time_to_steady(
    timeline: Timeline, accelerator: npt.NDArray[np.intp], steady_ms: float, handed_over_s: float
) -> float | None:
    if len(accelerator) < STEADY_WINDOW:
        return None
    latencies = timeline.latency_s[accelerator] * 1e3
    medians = np.median(np.lib.stride_tricks.sliding_window_view(latencies, STEADY_WINDOW), axis=1)
    steady = np.flatnonzero(medians <= STEADY_FACTOR * steady_ms)
    return max(0.0, float(timeline.start_s[accelerator[steady[0]]]) - handed_over_s) if len(steady) else None


def _memory(memory: Floats, handed_over_s: float) -> dict[str, float]:
    """Resident memory in bytes at the last sample before the hand-over and at the last of all."""
    before = memory[memory[:, 0] < handed_over_s]
    if not len(before) or not len(memory):
        return {}
    return {"memory_before_bytes": float(before[-1, 1]), "memory_after_bytes": float(memory[-1, 1])}
