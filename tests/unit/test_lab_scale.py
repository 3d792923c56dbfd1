"""The benchmark of a whole lab judges what it measures: targets by the lab's size, and page and comparison by what became slower."""

import pytest

from benchmarks.lab_scale import (
    FIRST,
    LARGEST_FILE_MB,
    NIGHT,
    TARGETS_S,
    Lab,
    Took,
    missed,
    most_s,
    wrong_in_comparison,
    wrong_in_page,
)
from tests.support import ROOT


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("lab"), 30, 20, ROOT / "tests" / "data" / "run.json")


def page(slower=("lab-004", "lab-024"), heading="2 of 30 machines became slower or larger, 1 stale"):
    rows = [
        f'<tr data-tags="{"slower" if name in slower else "late"}" data-machine="{name}"><th>{name}</th></tr>'
        for name in (f"lab-{number:03d}" for number in range(1, 31))
    ]
    return f"<h1>{heading}</h1><table>{''.join(rows)}</table>"


def printed(lab, machines=30, furthest="lab-024 +4.0 %", benchmark=None):
    return (
        "A  openvino=2026.3.1\n"
        "       over all machines                     time  interval          machines             furthest\n"
        f" PASS  {benchmark or lab.benchmark}     +0.3 %  -0.4 % to +0.9 %  {machines}: 1 FAIL, 29 PASS  {furthest}\n"
        " PASS  latency: CPU-LATENCY                +0.4 %  -0.2 % to +1.0 %  30: 30 PASS          lab-016 +0.8 %\n"
    )


def took(**late):
    return {what: Took(late.get("wall_s", 0.1), late.get("processor_s", 0.1)) for what in TARGETS_S}


def test_targets_grow_with_the_lab_and_a_small_lab_can_miss_them_too():
    assert {what: most_s(what, 100, 100) for what in TARGETS_S} == TARGETS_S
    assert most_s(NIGHT, 200, 100) == 2 * TARGETS_S[NIGHT]
    assert most_s(FIRST, 20, 50) == 4 + 2 * 3
    assert missed(took(), 0.1, 20, 50) == []
    assert missed(took(processor_s=11.0), 0.1, 20, 50) == [*TARGETS_S]
    assert missed(took(wall_s=1000.0), 0.1, 20, 50) == [], "a small lab's is the processor's time, beside whatever else"
    assert missed(took(wall_s=31.0), 0.1, 100, 100) == [*TARGETS_S]
    assert missed(took(), LARGEST_FILE_MB + 1, 20, 50) == ["largest file"]


def test_the_page_is_to_name_exactly_what_became_slower(lab):
    assert lab.slower == {"lab-004", "lab-024"}
    assert wrong_in_page(page(), lab) == []
    assert "names lab-004 as slower" in wrong_in_page(page(slower=("lab-004",)), lab)[0]
    assert "names lab-004, lab-005, lab-024" in wrong_in_page(page(slower=("lab-004", "lab-005", "lab-024")), lab)[0]
    assert "names none" in wrong_in_page("", lab)[0]
    for heading in ("3 of 30 machines became slower or larger", "12 of 30 machines became slower or larger", ""):
        assert len(wrong_in_page(page(heading=heading), lab)) == 1


def test_the_comparison_is_to_have_the_slower_benchmark_over_all_machines(lab):
    assert wrong_in_comparison(printed(lab), lab) == []
    assert wrong_in_comparison("", lab)
    assert wrong_in_comparison(printed(lab, machines=29), lab)
    assert wrong_in_comparison(printed(lab, benchmark="another: AUTO"), lab)
    assert "it is one of lab-004, lab-024" in wrong_in_comparison(printed(lab, furthest="lab-005 +4.0 %"), lab)[0]
    assert wrong_in_comparison(printed(lab, furthest="lab-004 +0.3 %"), lab)
    assert wrong_in_comparison(printed(lab, furthest="lab-004 -4.0 %"), lab)
