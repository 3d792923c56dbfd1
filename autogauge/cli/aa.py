"""``python -m autogauge aa``: one condition measured twice; how small a change this machine can show."""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from autogauge import checkout
from autogauge.cache import Cache, default_cache_dir
from autogauge.cli.from_settings import USED, value_of
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder, Seed, of_a_run
from autogauge.errors import UserError
from autogauge.gate.gate import FAMILY_ERROR as RUN_ERROR
from autogauge.gate.resolution import POWER, Resolution
from autogauge.gate.side_by_side import FIRST_LOOK, FIRST_WARM_LOOK
from autogauge.input_files import check_feeding
from autogauge.inputs import parse_shapes
from autogauge.measuring.claim import Ratio
from autogauge.measuring.result import Result
from autogauge.models import resolve
from autogauge.options import OPTIONS
from autogauge.parsing import parse_choice, parse_wait
from autogauge.plain import plain, sentence
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.progress import progress_on
from autogauge.report.tables import Column, Fitted
from autogauge.rig import lock
from autogauge.rig.rig import Asked, Rig
from autogauge.stats.intervals import fewest_replicates
from autogauge.studies import selfcheck
from autogauge.targets import HINTS, LATENCY, Target, named_devices, require_device

SPANS_S = (15, 60, 300)
"""Seconds a pair for which ``aa`` says what can be found."""
BENCHMARKS_OF_A_RUN = 10
"""How many benchmarks share the error of a run there: as many as a standard run has on a machine with a CPU only."""
COMPARISONS_OF_A_RUN = 2 * BENCHMARKS_OF_A_RUN
"""Each is judged beside the reference and against history, and both share the error."""


app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge aa --rounds=160 --blocks=24")
def aa(
    device: Annotated[str, typer.Option(help="The device to compile for.")] = "AUTO",
    hint: Annotated[str, typer.Option(help="LATENCY or THROUGHPUT.")] = LATENCY,
    rounds: Annotated[int, typer.Option(help="Rounds of two slices of 0.05 s each.")] = 80,
    blocks: Annotated[int, typer.Option(help="Blocks of two fresh processes each; 0 leaves FIL out.")] = 12,
    model: Annotated[str, of_a_run("--model")] = resolve.DEFAULT_MODEL,
    precision: Annotated[Optional[str], of_a_run("--precision")] = None,  # noqa: UP045
    model_source: Annotated[str, of_a_run("--model-source")] = resolve.AUTO,
    shape: Annotated[Optional[str], of_a_run("--shape")] = None,  # noqa: UP045
    picture: Annotated[Optional[Path], of_a_run("--picture")] = None,  # noqa: UP045
    inputs: Annotated[Optional[Path], of_a_run("--inputs")] = None,  # noqa: UP045
    infer_requests: Annotated[int, of_a_run("--infer-requests", min=0)] = 0,
    cache: CacheFolder = None,
    seed: Seed = None,
    wait: Annotated[str, of_a_run("--wait")] = str(OPTIONS["--wait"].default),
    as_json: AsJson = False,
) -> None:
    """Measure one condition twice: each ratio's interval should hold 1, and its width says how small a change this machine can show.

    Exit status 1 when one does not, which chance alone does to 1 interval in 100.
    """
    change = value_of("--smallest-change")
    USED.tell()
    _check(hint, rounds, blocks)
    shapes = parse_shapes(shape)
    check_feeding(inputs, picture, shapes)
    wanted = resolve.Wanted.named(model, precision, parse_choice("--model-source", model_source, resolve.SOURCES))
    chosen_seed = random.randrange(2**32) if seed is None else seed
    target = Target.with_hint(device, hint)
    wait_s = parse_wait("--wait", wait)
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    with (
        lock.measuring("python -m autogauge aa", wait_s, progress.say),
        tempfile.TemporaryDirectory(prefix="autogauge-") as scratch,
    ):
        asked = Asked(wanted, shapes, picture, inputs, infer_requests=infer_requests)
        rig = Rig(asked, Cache(cache or default_cache_dir()), Path(scratch), lambda: contextlib.nullcontext(progress))
        for name in named_devices(device):
            require_device(name, rig.inspection.devices)
        checked = [
            selfcheck.WarmSelfCheck(target, rounds),
            *([selfcheck.FreshSelfCheck(target, blocks)] if blocks else []),
        ]
        finished = False
        try:
            studies = [rig.measure(each, each.planned(rig, chosen_seed)) for each in checked]
            finished = True
        finally:
            rig.close(at_once=not finished)
    checks = [check for study in studies for check in _checks(study, change)]
    if as_json:
        print_json({"target": target.label, "seed": chosen_seed, "checks": checks})
    else:
        _print_checks(target, checks)
    if not all(check["holds_1"] for check in checks):
        raise typer.Exit(1)


def _check(hint: str, rounds: int, blocks: int) -> None:
    if hint not in HINTS:
        raise UserError(f"there is no hint {hint!r}: choose {' or '.join(HINTS)} (--hint).")
    fewest = fewest_replicates(selfcheck.CONFIDENCE)
    if rounds < fewest:
        raise UserError(f"{rounds} rounds are too few for an interval at 99 %: measure at least {fewest} (--rounds).")
    if blocks and blocks < fewest:
        raise UserError(
            f"{blocks} blocks are too few for an interval at 99 %: measure at least {fewest}, or 0 for none (--blocks)."
        )


def _checks(result: Result, change: float) -> list[dict[str, Any]]:
    """Each comparison of an A/A study: its ratio, interval, and whether that holds 1."""
    found = []
    for claim in result.claims:
        assert isinstance(claim, Ratio)
        verdict = result.verdict(claim)
        interval = verdict.interval
        pair_s = result.seconds / max(1, len(result.replicates))
        first_look = FIRST_LOOK if claim.metric.per_process else FIRST_WARM_LOOK
        error = RUN_ERROR / COMPARISONS_OF_A_RUN
        resolution = Resolution.of(interval, pair_s, error, first_look) if interval else None
        found.append(
            {
                "metric": claim.metric.title,
                "ratio": interval.ratio if interval else None,
                "ci": [interval.low, interval.high] if interval and interval.low > 0 else None,
                "confidence": result.plan.confidence,
                "replicates": verdict.replicates,
                "failures": list(verdict.failures),
                "holds_1": bool(interval and interval.low > 0 and interval.holds(1.0)),
                "smallest_change_in_s": {
                    str(each): resolution.change_in(each) if resolution else None for each in SPANS_S
                },
                "change": change,
                "seconds_for_change": resolution.seconds_for(change) if resolution else None,
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
        f"raising a false alarm; {checkout.page('gate')}"
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
