"""Reads saved runs as what can be judged: each benchmark's samples, and their ratio to the pinned workload measured beside them.

Reads what is there and says what is wrong; which runs belong together is left to ``baseline``. Files of other projects are read
as far as they are pytest-benchmark's.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import NotRegular, read_regular, whole_characters
from autogauge.history import labels as labelling
from autogauge.plain import counted, plain

VERDICTS = ("FAIL", "INCONCLUSIVE", "IMPROVED", "PASS", "NO BASELINE")
"""What the gate says of a benchmark, the worst first."""
LONGEST_S = 1e6
"""A sample above this is no measurement: eleven days for one frame."""
MOST_SAMPLES = 2**31
LARGEST_BYTES = 64 * 2**20
"""A run's file is a tenth of a MB, a large one a few: what is above this is none."""
SCHEMA = 2
"""Of what this project adds to pytest-benchmark's file; raised when an older reader would misread it. 2: a benchmark has ``labels``."""


class NewerRun(UserError):
    """A run that a newer autogauge saved. What pytest-benchmark's own part of its file tells is known: ``when`` and ``machine``."""

    def __init__(self, text: str, when: datetime.datetime | None = None, machine: str = "") -> None:
        super().__init__(text)
        self.when, self.machine = when, machine


@dataclass(frozen=True)
class PinnedRatio:
    """A figure over that of the pinned workload in the same rounds. ``error`` is the standard error of its logarithm."""

    pinned: str
    ratio: float
    error: float
    rounds: int

    def to_json(self) -> dict[str, Any]:
        """As it stands in a run's file, whose schema calls the pinned workload ``reference``."""
        return {"reference": self.pinned, "ratio": self.ratio, "error": self.error, "rounds": self.rounds}


@dataclass(frozen=True)
class SavedBenchmark:
    """One benchmark of a saved run. ``key`` is equal for the same benchmark in every run, also after its test was renamed.

    ``verdict`` is what the gate said of it in that run, ``labels`` are its place in tables by key and value, ``labels_lost`` counts those
    that could not be kept. ``gate_share`` is what it takes of the gate's error, beside 1 of others. What a file of another project does not
    tell is empty.
    """

    key: str
    title: str
    median_s: float
    samples: int
    against_pinned: PinnedRatio | None = None
    metric: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    driver: str = ""
    labels_lost: int = 0
    gate_share: float = 1.0
    measured_again: bool = False
    """Whether the gate had it measured a second time: the figures here are the first ones."""


@dataclass(frozen=True)
class SavedRun:
    """A run as far as its file could be read; ``problems`` are sentences about the rest.

    ``foreign`` says that the file is pytest-benchmark's and not this project's; ``fingerprint_facts`` are what the digest
    ``fingerprint`` stands for, ``noted`` what is known of the machine beside it (see ``circumstances``).
    """

    path: Path
    when: datetime.datetime | None
    fingerprint: str | None
    openvino: str
    machine: str
    benchmarks: dict[str, SavedBenchmark]
    problems: tuple[str, ...] = ()
    gate: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    precision: str = ""
    weights: str = ""
    profile: str = ""
    accelerator: str = ""
    foreign: bool = False
    fingerprint_facts: Mapping[str, Any] = field(default_factory=dict)
    noted: Mapping[str, Any] = field(default_factory=dict)
    labelled: bool = True
    """Whether its schema has labels; those of an earlier one are device and hint at most."""
    odd: tuple[str, ...] = ()
    """Sentences about what is odd and spoils no figure."""
    digest: str = ""
    """Of the model's files, as far as the file tells."""
    folder: str = ""
    """The name of the folder that the model lay in."""


def read(path: Path) -> SavedRun:
    """The run in that file. Raises :class:`~autogauge.errors.UserError` when it is no pytest-benchmark file at all."""
    found = document(path)
    try:
        return _run(path, found, _schema_of(found) or 1)
    except RecursionError:
        raise UserError(
            f"{path} is no saved run: what is in it is nested too deeply; remove it or name another."
        ) from None


def document(path: Path) -> dict[str, Any]:
    """The JSON of that file, which is pytest-benchmark's and of a schema that is known. Raises :class:`UserError`."""
    try:
        found = json.loads(read_regular(path, LARGEST_BYTES))
    except FileNotFoundError:
        link = ": it is a link to a file that is not there; remove it, or name another." if path.is_symlink() else None
        raise UserError(f"there is no saved run at {path}{link or ': check the path.'}") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder: name a saved run in it.") from None
    except NotRegular as error:
        raise UserError(f"{path} is no saved run: {error.strerror}; remove it or name another.") from None
    except OSError as error:
        raise UserError(
            f"cannot read the saved run {path}: {error.strerror}; {step_for(error) or 'check its permissions'}."
        ) from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is no saved run, or half of one: it is not JSON; remove it or name another.") from None
    if not isinstance(found, dict) or not isinstance(found.get("benchmarks"), list):
        raise UserError(f"{path} is no saved run: it has no list of benchmarks; name a file of pytest-benchmark's.")
    schema = _schema_of(found)
    if schema is None:
        said = _repr(found["autogauge"].get("schema"))
        raise UserError(f"{path} says that it has the schema {said}, which there never was: remove it or name another.")
    if schema > SCHEMA:
        machine_info = found.get("machine_info")
        raise NewerRun(
            f"{path} was saved by a newer autogauge (schema {_repr(schema)}, this one reads up to {SCHEMA}): update autogauge.",
            moment(found.get("datetime")),
            (_text(machine_info.get("node")) or "") if isinstance(machine_info, dict) else "",
        )
    return found


def _schema_of(document: Mapping[str, Any]) -> int | None:
    """The number of what this project adds; ``None`` for what is no such number."""
    own = document.get("autogauge")
    schema = own.get("schema", 1) if isinstance(own, dict) else 1
    return None if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1 else schema


def _run(path: Path, document: dict[str, Any], schema: int) -> SavedRun:
    problems: list[str] = []
    benchmarks: dict[str, SavedBenchmark] = {}
    for number, fields in enumerate(document["benchmarks"], 1):
        try:
            found = _benchmark(fields, schema)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            name = fields.get("fullname") if isinstance(fields, dict) else None
            called = plain(name) if isinstance(name, str) and name else str(number)
            problems.append(f"benchmark {called} cannot be judged: {plain(_reason(error), 200)}")
            continue
        if found.key in benchmarks:
            problems.append(f"benchmark {plain(found.key)} stands in it twice: the first is taken")
            continue
        benchmarks[found.key] = found
    machine_info = document.get("machine_info")
    machine_info = machine_info if isinstance(machine_info, dict) else {}
    fingerprint = machine_info.get("fingerprint")
    extra: dict[str, Any] = next(
        (each["extra_info"] for each in document["benchmarks"] if isinstance(each, dict) and is_ours(each)), {}
    )
    own = document.get("autogauge")
    gate = {key: value for key, value in own.items() if not key.startswith("results")} if isinstance(own, dict) else {}
    openvino = _text(extra.get("openvino")) or ""
    for key, found in benchmarks.items():
        # Until now a model of the suite's own (one ReLU) had its runtime's release as a label, without the build: the run's own.
        benchmarks[key] = dataclasses.replace(found, labels=labelling.without_own_release(found.labels, openvino))
    model = extra.get("model")
    model = model if isinstance(model, dict) else {}
    return SavedRun(
        path,
        moment(document.get("datetime")),
        _text(fingerprint.get("digest")) if isinstance(fingerprint, dict) else _text(extra.get("fingerprint")),
        openvino,
        _text(machine_info.get("node")) or "",
        benchmarks,
        tuple(problems),
        gate,
        model=_text(model.get("name")) or "",
        precision=_text(model.get("precision")) or "",
        weights=_text(model.get("weights")) or "",
        profile=_text(extra.get("profile")) or "",
        accelerator=_text(extra.get("accelerator")) or "",
        foreign=not extra,
        fingerprint_facts={key: value for key, value in fingerprint.items() if key != "digest"}
        if isinstance(fingerprint, dict)
        else {},
        noted=_noted(machine_info),
        labelled=schema > 1,
        odd=tuple(_odd(benchmarks.values())),
        digest=_digest(model, fingerprint),
        folder=PurePosixPath((_text(model.get("path")) or "").replace("\\", "/")).parent.name,
    )


def _odd(benchmarks: Iterable[SavedBenchmark]) -> Iterator[str]:
    """What is odd in a run and spoils no figure."""
    if lost := [found for found in benchmarks if found.labels_lost]:
        many = sum(found.labels_lost for found in lost)
        yield (
            f"{counted(many, 'label')} of {counted(len(lost), 'benchmark')} left "
            f"out or cut: no text, too long or too many ({plain(lost[0].key)})"
        )


def _digest(model: Mapping[str, Any], fingerprint: Any) -> str:
    """The digest of the model's files: so many hexadecimal digits, or empty."""
    of_print = fingerprint.get("model") if isinstance(fingerprint, dict) else None
    for each in (model, of_print):
        found = each.get("digest") if isinstance(each, dict) else None
        if isinstance(found, str) and re.fullmatch(r"[0-9a-fA-F]{8,128}", found):
            return found.lower()
    return ""


def _noted(machine_info: dict[str, Any]) -> dict[str, Any]:
    """What is noted beside the fingerprint; of runs from before there was such a part, the kernel, which pytest-benchmark saves."""
    noted, kernel = machine_info.get("noted"), _text(machine_info.get("release"))
    if isinstance(noted, dict):
        return noted
    return {"kernel": kernel} if kernel else {}


def is_ours(fields: dict[str, Any]) -> bool:
    """Whether a benchmark is one of this project's."""
    return isinstance(fields.get("extra_info"), dict) and "fingerprint" in fields["extra_info"]


def _labels(extra: dict[str, Any], schema: int) -> Any:
    """What a file says of a benchmark's labels; until schema 1 it had two, each in a field of its own."""
    return {key: _text(extra.get(key)) for key in labelling.FIRST} if schema == 1 else extra.get("labels")


def _benchmark(fields: dict[str, Any], schema: int) -> SavedBenchmark:
    stats, extra = fields["stats"], fields.get("extra_info") or {}
    data = stats.get("data")
    samples = [_positive(each, "a sample") for each in data] if data else []
    median_s = _median(samples) if samples else _positive(stats["median"], "the median")
    key = extra.get("benchmark") or fields["fullname"]
    beside = extra.get("against_reference")
    labels, labels_lost = labelling.kept(_labels(extra, schema))
    return SavedBenchmark(
        whole_characters(str(key)),
        whole_characters(str(fields["fullname"])),
        median_s,
        len(samples) or _count(stats.get("rounds", 1)),
        None
        if beside is None
        else PinnedRatio(
            whole_characters(str(beside["reference"])),
            _positive(beside["ratio"], "the ratio to the pinned workload"),
            _not_negative(beside["error"], "its error"),
            _count(beside["rounds"]),
        ),
        metric=_text(extra.get("metric")) or "",
        labels=labels,
        labels_lost=labels_lost,
        driver=_text(extra.get("driver")) or "",
        verdict=_verdict(extra.get("gate")),
        gate_share=_share(extra.get("gate_share", 1.0)),
        measured_again=any(each.get("measured_again") is True for each in _judgements(extra.get("gate"))),
    )


def _share(value: Any) -> float:
    """A share of the gate's error: more than nothing, 1 at most."""
    found = _positive(value, "its share of the gate's error")
    if found > 1:
        raise ValueError(f"its share of the gate's error is {_repr(value)}")
    return found


def _verdict(judgements: Any) -> str:
    """The worst that the gate said of a benchmark."""
    words = [each.get("verdict") for each in _judgements(judgements)]
    return next((word for word in VERDICTS if word in words), "")


def _judgements(found: Any) -> list[dict[str, Any]]:
    return [each for each in found or () if isinstance(each, dict)]


def _positive(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{what} is {_repr(value)}, not a number")
    if not math.isfinite(value) or not 0 < value < LONGEST_S:
        raise ValueError(f"{what} is {_repr(value)}")
    return float(value)


def _not_negative(value: Any, what: str) -> float:
    return 0.0 if value == 0 and not isinstance(value, bool) else _positive(value, what)


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _repr(value: Any) -> str:
    """A value as Python writes it, cut; of a list or dictionary only what it is: it may be very large, or nested very deeply."""
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__}"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "an integer of very many digits"
    return plain(repr(value[:80] if isinstance(value, str) else value))


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < MOST_SAMPLES:
        raise ValueError(f"the number of samples is {_repr(value)}")
    return int(value)


def _text(value: Any) -> str | None:
    return whole_characters(value) if isinstance(value, str) and value else None


def moment(value: Any) -> datetime.datetime | None:
    """A moment in UTC; ``None`` for what is none, or so near the calendar's ends that it is none in UTC."""
    try:
        found = datetime.datetime.fromisoformat(value)
        found = found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)
        found = found.astimezone(datetime.timezone.utc)
        return found if datetime.MINYEAR < found.year < datetime.MAXYEAR else None
    except (TypeError, ValueError, OverflowError):
        return None
