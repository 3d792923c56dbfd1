"""``python -m autogauge``: what can be asked without pytest. Each command is thin; the work is the library's.

Exit status: 0 done, 1 the answer is bad news, 2 a user's mistake (one sentence on standard error).
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from autogauge import __version__, cli_gate, cli_history, cli_models
from autogauge.cache import Cache, cache_dir_or_temporary, default_cache_dir
from autogauge.doctor import State, examine
from autogauge.errors import UserError, what_lacks
from autogauge.gate.resolution import POWER, Resolution
from autogauge.gate.session import FAMILY_ERROR as RUN_ERROR
from autogauge.gate.side_by_side import FIRST_LOOK, FIRST_WARM_LOOK
from autogauge.input_files import GivenInputs, check_feeding
from autogauge.inputs import parse_shapes
from autogauge.interruption import Interruption
from autogauge.models import resolve
from autogauge.models.inspect import inspect
from autogauge.plain import plain, sentence
from autogauge.probe.launcher import Launcher
from autogauge.report.console import console
from autogauge.report.output import end_where_nobody_reads, flush, make_writable, print_json
from autogauge.report.progress import progress_on
from autogauge.report.tables import Column, Fitted
from autogauge.report.terminal import devices_table, doctor_table
from autogauge.rig import lock
from autogauge.settings import DEFAULT_SMALLEST_CHANGE as SMALLEST_CHANGE
from autogauge.settings import parse_choice, parse_wait
from autogauge.stats.intervals import fewest_replicates
from autogauge.stats.verdicts import METRICS
from autogauge.studies import fil, selfcheck
from autogauge.studies.study import Study
from autogauge.studies.workload import prepare_workload
from autogauge.targets import HINTS, LATENCY, Target, named_devices, require_device

app = typer.Typer(
    name="python -m autogauge",
    help="Performance of OpenVINO's AUTO device. The measuring itself is `pytest -m perf`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(cli_models.app, name="models")
cli_gate.register(app)
cli_history.register(app)

SPANS_S = (15, 60, 300)
"""Seconds a pair for which ``aa`` says what can be found."""
BENCHMARKS_OF_A_RUN = 10
"""How many benchmarks share the error of a run there: as many as a standard run has on a machine with a CPU only."""
COMPARISONS_OF_A_RUN = 2 * BENCHMARKS_OF_A_RUN
"""Each is judged beside the reference and against history, and both share the error."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """Run a command; a user's mistake is one sentence and exit status 2."""
    make_writable(sys.stdout, sys.stderr)
    interruption = Interruption()
    interruption.watch()
    try:
        try:
            app()
        finally:
            flush()
    except UserError as error:
        _end(str(error))
    except BaseException as error:
        if interruption:
            interruption.heard()
            _end(f"interrupted by {interruption.name}: it is not done; run it again.")
        if isinstance(error, FileNotFoundError) and (lacking := what_lacks()):
            _end(lacking)
        end_where_nobody_reads(error)
        raise


def _end(why: str) -> None:
    print(f"autogauge: {sentence(why)}", file=sys.stderr)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Performance of OpenVINO's AUTO device. The measuring itself is `pytest -m perf`."""
    if show:
        print(__version__)
        raise typer.Exit


@app.command(epilog="Example: python -m autogauge devices --json")
def devices(as_json: AsJson = False) -> None:
    """List the devices that OpenVINO sees, with full names, types, drivers and capabilities."""
    with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
        found = inspect(Launcher(Path(folder)))
    if as_json:
        print_json({"openvino": found.openvino, "devices": [device.to_json() for device in found.devices]})
        return
    screen = console()
    screen.print(f"openvino {sentence(found.openvino)}")
    screen.print(devices_table(found.devices))


@app.command(epilog="Example: python -m autogauge doctor --json")
def doctor(
    cache: Annotated[Optional[Path], typer.Option(help="Folder for built models.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Say what is installed, which devices there are, why one may be missing, and whether the GPU can be emulated.

    Exit status 1 when something is broken; a device that is absent is not.
    """
    with cache_dir_or_temporary(cache) as folder:
        findings = examine(Cache(folder))
    if as_json:
        print_json([finding.to_json() for finding in findings])
    else:
        console().print(doctor_table(findings))
    if any(finding.state is State.BROKEN for finding in findings):
        raise typer.Exit(1)


@app.command(epilog="Example: python -m autogauge aa --rounds=160 --blocks=24")
def aa(
    device: Annotated[str, typer.Option(help="The device to compile for.")] = "AUTO",
    hint: Annotated[str, typer.Option(help="LATENCY or THROUGHPUT.")] = LATENCY,
    rounds: Annotated[int, typer.Option(help="Rounds of two slices of 0.05 s each.")] = 80,
    blocks: Annotated[int, typer.Option(help="Blocks of two fresh processes each; 0 leaves FIL out.")] = 12,
    model: Annotated[str, typer.Option(help="A model's name or path.")] = resolve.DEFAULT_MODEL,
    precision: Annotated[Optional[str], typer.Option(help="Precision of a model by name (default FP16).")] = None,  # noqa: UP045
    model_source: Annotated[str, typer.Option(help="auto, omz or embedded.")] = resolve.AUTO,
    shape: Annotated[Optional[str], typer.Option(help="Static shapes for a dynamic model.")] = None,  # noqa: UP045
    picture: Annotated[Optional[Path], typer.Option(help="Feed this picture.")] = None,  # noqa: UP045
    inputs: Annotated[Optional[Path], typer.Option(help="Feed these arrays (npz).")] = None,  # noqa: UP045
    infer_requests: Annotated[int, typer.Option(help="Infer requests in flight; 0: let the device say.", min=0)] = 0,
    cache: Annotated[Optional[Path], typer.Option(help="Folder for built models.")] = None,  # noqa: UP045
    seed: Annotated[Optional[int], typer.Option(help="Seed of the order; without it a new one.")] = None,  # noqa: UP045
    wait: Annotated[
        str, typer.Option(help="Seconds to wait while another session measures on this machine, or no.")
    ] = f"{lock.DEFAULT_WAIT_S:g}",
    as_json: AsJson = False,
) -> None:
    """Measure one condition twice: each ratio's interval should hold 1, and its width says how small a change this machine can show.

    Exit status 1 when one does not, which chance alone does to 1 interval in 100.
    """
    _check_self_check(hint, rounds, blocks)
    check_feeding(inputs, picture, parse_shapes(shape))
    given = GivenInputs(inputs) if inputs else None
    chosen_seed = random.randrange(2**32) if seed is None else seed
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    wait_s = parse_wait("--wait", wait)
    with (
        lock.measuring("python -m autogauge aa", wait_s, progress.say),
        tempfile.TemporaryDirectory(prefix="autogauge-") as scratch,
    ):
        folder = Path(scratch)
        launcher = Launcher(folder / "probes")
        source = parse_choice("--model-source", model_source, resolve.SOURCES)
        wanted = resolve.Wanted.named(model, precision, source)
        artefact = resolve.Resolver(Cache(cache or default_cache_dir()), progress).fetch(wanted)
        workload, inspection = prepare_workload(
            artefact, launcher, folder, parse_shapes(shape), picture=picture, given=given
        )
        for name in named_devices(device):
            require_device(name, inspection.devices)
        target = Target.with_hint(device, hint)
        studies = [
            selfcheck.steady_self_check(
                launcher,
                workload,
                target,
                rounds=rounds,
                infer_requests=infer_requests,
                seed=chosen_seed,
                progress=progress,
            )
        ]
        if blocks:
            studies.append(
                selfcheck.fil_self_check(launcher, workload, target, blocks=blocks, seed=chosen_seed, progress=progress)
            )
    checks = [check for study in studies for check in _checks(study)]
    if as_json:
        print_json({"target": target.label, "seed": chosen_seed, "checks": checks})
    else:
        _print_checks(target, checks)
    if not all(check["holds_1"] for check in checks):
        raise typer.Exit(1)


def _check_self_check(hint: str, rounds: int, blocks: int) -> None:
    if hint not in HINTS:
        raise UserError(f"there is no hint {hint!r}: choose {' or '.join(HINTS)} (--hint).")
    fewest = fewest_replicates(selfcheck.CONFIDENCE)
    if rounds < fewest:
        raise UserError(f"{rounds} rounds are too few for an interval at 99 %: measure at least {fewest} (--rounds).")
    if blocks and blocks < fewest:
        raise UserError(
            f"{blocks} blocks are too few for an interval at 99 %: measure at least {fewest}, or 0 for none (--blocks)."
        )


def _checks(study: Study) -> list[dict[str, Any]]:
    """Each comparison of an A/A study: its ratio, interval, and whether that holds 1."""
    found = []
    for claim in study.claims:
        verdict = study.verdict(claim)
        interval = verdict.interval
        pair_s = study.seconds / max(1, len(study.replicates))
        first_look = FIRST_LOOK if claim.metric == fil.METRIC else FIRST_WARM_LOOK
        error = RUN_ERROR / COMPARISONS_OF_A_RUN
        resolution = Resolution.of(interval, pair_s, error, first_look) if interval else None
        found.append(
            {
                "metric": METRICS[claim.metric],
                "ratio": interval.ratio if interval else None,
                "ci": [interval.low, interval.high] if interval and interval.low > 0 else None,
                "confidence": study.plan.confidence,
                "replicates": verdict.replicates,
                "failures": list(verdict.failures),
                "holds_1": bool(interval and interval.low > 0 and interval.holds(1.0)),
                "smallest_change_in_s": {
                    str(each): resolution.change_in(each) if resolution else None for each in SPANS_S
                },
                "change": SMALLEST_CHANGE,
                "seconds_for_change": resolution.seconds_for(SMALLEST_CHANGE) if resolution else None,
            }
        )
    return found


def _print_checks(target: Target, checks: list[dict[str, Any]]) -> None:
    table = Fitted(
        (
            Column("figure", 90, 8),
            Column("ratio", 80, right=True),
            Column("99 % interval", 70, right=True),
            Column("replicates", 40, right=True),
            Column("holds 1", 100),
        ),
        options={"title": plain(f"A/A of {target.label}: the same condition twice"), "title_justify": "left"},
    )
    for check in checks:
        interval = "none" if check["ci"] is None else f"{check['ci'][0]:.4f}–{check['ci'][1]:.4f}"
        ratio = "none" if check["ratio"] is None else f"{check['ratio']:.4f}"
        table.add_row(check["metric"], ratio, interval, str(check["replicates"]), "yes" if check["holds_1"] else "NO")
    screen = console()
    screen.print(table)
    screen.print(_resolution_table(checks))
    screen.print(
        f"found: in {100 * POWER:.0f} of 100 comparisons side by side (--reference), the second measurement counted, at most "
        f"{100 * RUN_ERROR:g} % of runs with {BENCHMARKS_OF_A_RUN} benchmarks, judged against history too, "
        "raising a false alarm; docs/gate.md"
    )
    for failure in dict.fromkeys(failure for check in checks for failure in check["failures"]):
        screen.print(sentence(failure))


def _resolution_table(checks: list[dict[str, Any]]) -> Fitted:
    table = Fitted(
        (
            Column("figure", 100, 8),
            *(Column(f"{span} s", 60 + place, right=True) for place, span in enumerate(SPANS_S)),
            Column("to be found", 50, right=True),
            Column("takes", 90, right=True),
        ),
        options={
            "title": "the smallest change that this machine would find, by the seconds spent on a pair",
            "title_justify": "left",
        },
    )
    for check in checks:
        smallest = [check["smallest_change_in_s"][str(span)] for span in SPANS_S]
        seconds = check["seconds_for_change"]
        table.add_row(
            check["metric"],
            *("none" if each is None else f"+{100 * each:.1f} %" for each in smallest),
            f"+{100 * check['change']:g} %",
            "too long" if seconds is None else f"{seconds:.0f} s",
        )
    return table
