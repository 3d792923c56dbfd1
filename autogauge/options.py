"""The options of ``pytest -m perf``, each said once: its name, default, meaning, and how its text is read.

Its key in a file and its variable follow from its name. pytest and the commands take it, ``Settings`` reads it, a run says it,
``docs/options.md`` lists it: all by this declaration. Where a text comes from (the command line, a variable, a file) is left to
``autogauge.defaults``; what the options mean together, to ``autogauge.settings``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.emulation.asked import accelerator
from autogauge.files import exists, is_folder, slug
from autogauge.gate import gate as gates
from autogauge.input_shapes import in_words, parse_shapes
from autogauge.models import path as model_path
from autogauge.models import resolve
from autogauge.models.omz import zoo
from autogauge.models.topology import SMALL_CNN
from autogauge.parsing import (
    COUNT,
    DEVICES,
    FILE,
    FOLDER,
    MINUTES,
    PERCENT,
    SECONDS,
    WAIT,
    Kind,
    at_home,
    beside,
    choice,
    in_digits,
    parse_choice,
    switch,
    text,
)
from autogauge.rig import lock
from autogauge.rig.pool import DEADLINE_S
from autogauge.rig.profile import AUTO, NONE, PROFILES


def _model_beside(text: str, folder: Path) -> str:
    """A model in a settings file of that folder: a path by its form or because it is there, else a name."""
    place = Path(beside(text, folder))
    is_path = "/" in text or model_path.is_model_name(text) or (exists(place) and not is_folder(place))
    return str(place) if is_path else text


def _reference_beside(text: str, folder: Path) -> str:
    """The same of a reference; a release begins with a digit, and a property has a ``=``."""
    place = Path(beside(text, folder))
    is_named = "=" not in text and ("/" in text or place.suffix == ".whl" or model_path.is_model_name(text))
    return str(place) if is_named or (exists(place) and not text[:1].isdigit()) else text


def _baseline_beside(text: str, folder: Path) -> str:
    place = Path(beside(text, folder))
    return str(place) if "/" in text or is_folder(place) else text


NO_VALUE = "none"
EMULATED_MODEL, EMULATED_PRECISION = SMALL_CNN, "FP32"


@dataclass(frozen=True)
class Option:
    """One option. ``place`` is the attribute of ``Settings`` that holds its value; ``help`` is one sentence, without the default.

    ``default`` is text as a user would write it. Without one the value is ``None``, and ``otherwise`` says what then holds; so it does
    where the text is ``none``, since whoever has the option in a file must be able to leave it out of one run.
    ``is_measured`` is false where it changes neither what is measured nor what is judged; all others are said with a run, but where they
    play no part in it (``is_idle``).
    """

    name: str
    place: str
    kind: Kind
    help: str
    default: str | None = None
    otherwise: str = ""
    is_measured: bool = True
    is_idle: Callable[[Any], bool] = lambda _: False

    def value_of(self, given: str | None) -> Any:
        """What a text means; ``None`` is that it was not given. Raises :class:`UserError`."""
        chosen = self.default if given is None or self.leaves_out(given) else given
        return None if chosen is None else self.kind.read(self.name, self.at_home(chosen))

    def said_of(self, settings: Any) -> str:
        """The value that settings hold, as a user would write it; empty where there is none, or it plays no part."""
        value: Any = settings
        for part in self.place.split("."):
            value = getattr(value, part)
        return "" if value is None or self.is_idle(settings) else self.kind.write(value)

    def leaves_out(self, given: str) -> bool:
        """Whether a text is the word that stands for no value."""
        return self.default is None and given == NO_VALUE

    def at_home(self, given: str) -> str:
        """A text with the user's home put in, where it is a path that begins there."""
        return at_home(given) if self.kind.is_path else given

    def beside(self, given: str, folder: Path) -> str:
        """What a text means that stands in a file of that folder, as it were on a command line."""
        return given if self.leaves_out(given) else self.kind.beside(given, folder)

    @property
    def key(self) -> str:
        """Its name in a settings file."""
        return self.name.removeprefix("--")

    @property
    def ini(self) -> str:
        """Its name in pytest's ini."""
        return f"autogauge_{self.key.replace('-', '_')}"

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return self.ini.upper()

    @property
    def default_in_words(self) -> str:
        """What holds without the option."""
        return self.default if self.default is not None else self.otherwise

    @property
    def line(self) -> str:
        """Its meaning with its default and variable, as ``--help`` prints it."""
        return f"{self.help} (default: {self.default_in_words}; variable: {self.variable})"


@dataclass(frozen=True)
class Group:
    """Options that answer one question of a reader, with one line that shows them at work."""

    question: str
    example: str
    options: tuple[Option, ...]


WHAT = Group(
    "What is measured?",
    "pytest -m perf --model=model.onnx --shape=1,3,224,224 --inputs=arrays.npz",
    (
        Option(
            "--model",
            "wanted.model",
            text("NAME|PATH", beside=_model_beside),
            "The model: googlenet-v1, small-cnn, one-convolution (tiny), efficientnet-lite0 (trained), any name of the Open Model Zoo, "
            "or an IR, ONNX, TFLite, TensorFlow or Paddle file.",
            otherwise=f"{resolve.DEFAULT_MODEL}; with --accelerator=emulated {EMULATED_MODEL}",
        ),
        Option(
            "--model-source",
            "wanted.source",
            choice(*resolve.SOURCES),
            "Where a model by name comes from: auto is the Open Model Zoo if it has the model cached or its hosts answer within 3 s, "
            "else the embedded one; omz is the Zoo or nothing; embedded has random weights and needs no network, but for the pinned "
            "workload, once.",
            default=resolve.AUTO,
        ),
        Option(
            "--precision",
            "wanted.precision",
            text("FP16|FP32|INT8"),
            "The precision of a model by name; a file has its own, and the option is refused with one.",
            otherwise=f"{resolve.DEFAULT_PRECISION}; with --accelerator=emulated {EMULATED_PRECISION}",
            is_idle=lambda settings: bool(settings.wanted.is_file),
        ),
        Option(
            "--shape",
            "shapes",
            text("SHAPE", parse_shapes, in_words),
            "Static shapes for a dynamic model, such as 1,3,224,224 or data[1,3,224,224],mask[1,128].",
            otherwise="the model's own",
        ),
        Option("--picture", "picture", FILE, "Feed this picture.", otherwise="the suite's own"),
        Option(
            "--inputs",
            "inputs",
            text("FILE.npz", Path, beside=beside),
            "Feed these arrays (numpy.savez, one for each input, by its name or index); dynamic inputs take their shapes.",
            otherwise="values that the suite makes",
        ),
        Option(
            "--infer-requests",
            "infer_requests",
            COUNT,
            "How many infer requests are in flight; 0 lets the device say.",
            default="0",
            is_idle=lambda settings: settings.infer_requests == 0,
        ),
    ),
)
WHERE = Group(
    "On what, and beside what?",
    "pytest -m perf --devices=CPU,GPU.1 --reference=2026.3.0",
    (
        Option(
            "--devices",
            "devices",
            DEVICES,
            "The devices that are measured beside AUTO, such as CPU,GPU.1.",
            otherwise="the CPU and the first of each kind of accelerator",
        ),
        Option(
            "--hints-on",
            "hints_on",
            DEVICES,
            "The devices that the hints are compared on, such as AUTO,CPU.",
            otherwise="AUTO; with the standard profile each measured device too",
        ),
        Option(
            "--accelerator",
            "accelerator",
            accelerator(AUTO, NONE),
            "Which accelerators are measured: auto is those that are there; none leaves them out; emulated is an emulated GPU, without "
            "--devices=NPU and a --reference that names a device; emulated:2 are two, of which the last may be discrete, another vendor's "
            "or both (emulated:2,discrete).",
            default=AUTO,
        ),
        Option(
            "--reference",
            "reference",
            text("ENV|VERSION|PATH|DEVICE|PROPERTIES", beside=_reference_beside),
            "Judge beside this, in the same rounds: another openvino (a release such as 2026.3 or 2026.3.0, a virtual environment, a "
            "wheel's file, an archive's folder), a model file, a device, or properties such as NUM_STREAMS=2.",
            otherwise="none",
        ),
        Option(
            "--pinned",
            "pinned",
            switch("off", "on"),
            "Whether a fixed workload on a fixed OpenVINO release is measured beside everything: history is then judged by ratios to it, "
            "else by seconds.",
            default="on",
        ),
    ),
)
HOW_LONG = Group(
    "How long may it take?",
    "pytest -m perf --profile=quick --wait=no",
    (
        Option(
            "--profile",
            "profile",
            Kind(
                lambda option, given: PROFILES[parse_choice(option, given, PROFILES)],
                lambda value: value.name,
                "|".join(PROFILES),
            ),
            "How much is measured: quick takes about a minute; standard about two, and one more at most where an accelerator compiles for "
            "seconds; lab is the notebook's six intervals of 10 s a hint.",
            default="standard",
        ),
        Option(
            "--pair-budget",
            "pair_budget_s",
            SECONDS,
            "How long one benchmark may be compared with its reference, a second measurement included; first inferences twice that.",
            default="60",
            is_idle=lambda settings: not settings.reference,
        ),
        Option(
            "--probe-deadline",
            "probe_deadline_s",
            SECONDS,
            "How long one compile or answer may take before it counts as hung; AUTO is given two thirds of it to hand over.",
            otherwise=f"{in_digits(DEADLINE_S)}; more on the emulated GPU of a processor without AVX-512",
        ),
        Option(
            "--soak",
            "soak_minutes",
            MINUTES,
            "How long `pytest -m soak` goes on in all, in minutes; a night is 480, a week the most, and below 10 growth stays undecided.",
            otherwise="200 cycles of compiling and letting go, a stream of 10 minutes, and less of the others",
            is_idle=lambda settings: settings.soak_minutes is None,
        ),
        Option(
            "--fetch-deadline",
            "wanted.deadline_s",
            SECONDS,
            "How long fetching and converting a model may take.",
            default=in_digits(zoo.DEADLINE_S),
            is_measured=False,
        ),
        Option(
            "--wait",
            "wait_s",
            WAIT,
            "How long to wait while another session measures on this machine; with no, the run ends at once, with exit status 2.",
            default=in_digits(lock.DEFAULT_WAIT_S),
            is_measured=False,
        ),
    ),
)
JUDGED = Group(
    "How is it judged?",
    "pytest -m perf --gate=fail --no-baseline=fail --smallest-change=3%",
    (
        Option(
            "--gate",
            "gate",
            choice(*gates.MODES),
            "What a regression does: with fail its own test fails, with warn it is shown at the end, with off nothing is judged.",
            default=gates.WARN,
        ),
        Option(
            "--inconclusive",
            "fail_inconclusive",
            switch("warn", "fail"),
            "What an INCONCLUSIVE verdict does: with warn its test is shown as skipped, with fail it fails.",
            default="warn",
        ),
        Option(
            "--no-baseline",
            "fail_no_baseline",
            switch("warn", "fail"),
            "What happens where no accepted run is there to judge a benchmark against: with warn it is said, with fail its test fails "
            "(which needs --gate=fail).",
            default="warn",
        ),
        Option(
            "--creep",
            "fail_creep",
            switch("warn", "fail"),
            "What happens where a benchmark became slower in many steps, each too small to fail: with warn it is said, with fail its "
            "test fails (which needs --gate=fail).",
            default="warn",
        ),
        Option(
            "--baseline",
            "baseline",
            text("MACHINE|DIR", beside=_baseline_beside),
            "Judge against this machine's history, or that in this folder; it is only read.",
            otherwise="this machine's own history",
        ),
        Option(
            "--smallest-change",
            "smallest_change",
            PERCENT,
            "The smallest change that is to be found side by side; half of it is no change yet; against history it is twice that, "
            "at least 10 %.",
            default="5%",
        ),
        Option(
            "--disturbed",
            "accept_disturbed",
            switch("pending", "accept"),
            "What becomes of a run that other processes disturbed heavily: with pending no later run is judged against it before "
            "`python -m autogauge accept`, with accept it counts as it is.",
            default="pending",
        ),
    ),
)
PLACES = Group(
    "Where does it go?",
    "pytest -m perf --reports=/srv/autogauge/reports --machine=lab-01",
    (
        Option(
            "--reports",
            "reports",
            FOLDER,
            "The folder for history and the latest report.",
            otherwise="reports in the project's folder, wherever pytest is started",
            is_measured=False,
        ),
        Option(
            "--machine",
            "machine",
            text("NAME", slug),
            "This machine's name in history; of other characters than letters, digits, `.`, `-` and `_`, or of more than 80, a short "
            "digest becomes part of it.",
            otherwise="its host name, which a new container has anew",
            is_measured=False,
        ),
        Option(
            "--cache",
            "cache",
            FOLDER,
            "The folder for what is kept between runs: built models, releases, tools, the index of history.",
            otherwise="autogauge in the user's cache folder",
            is_measured=False,
        ),
    ),
)
GROUPS = (WHAT, WHERE, HOW_LONG, JUDGED, PLACES)
OPTIONS = {option.name: option for group in GROUPS for option in group.options}
