"""The floor plan holds: what may import what (``docs/architecture.md``), and how long a file and a function may be."""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import ROOT

LAYERS = (
    # Belongs to nobody: knows no study, no probe and no user.
    "causes checkout claims errors files folders leases manifest plain ports secrets_in stamps stats targets trust "
    "cache input_files input_shapes input_values inputs interruption parsing toml_lines",
    "measuring probe",
    "tools",
    "contract emulation models",
    "defaults doctor gate history lab options profiles project_file pytest_file report rig rivals run runtimes settings studies variables",
    "cli",
    "__main__",
)  # fmt: skip
"""What is in ``autogauge/``, the lowest first. Who is above may import who is below; who stand side by side may, in one direction."""
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
PROMISES = ("perf", "functional", "soak")
"""The folders of tests that are installed: there they are below ``pytest_autogauge``, and know nothing of this checkout."""
NEVER = {("probe", "measuring"), ("probe", "stats")}
"""A probe answers requests; what they are for it does not know."""
LONGEST_FUNCTION, LONGEST_FILE = 60, 400


class Source(NamedTuple):
    """What is asked of a file; its tree is not kept, for it is large."""

    lines: int
    imports: tuple[str, ...]
    functions: dict[str, int]
    """How many lines each has; the longest of those with one name."""


@cache
def source(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    nodes = [*ast.walk(ast.parse(text, str(path)))]
    functions: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            functions[node.name] = max(functions.get(node.name, 0), node.end_lineno - node.lineno + 1)
    return Source(len(text.splitlines()), tuple(imported(nodes)), functions)


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The dotted name of everything imported anywhere in a file: in functions and for types only, too."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:  # of fixtures alone, which are installed by another name
                assert node.level == 1, "imports are absolute here"
                continue
            yield from (f"{node.module}.{each.name}" for each in node.names)


@cache
def arrows() -> dict[tuple[str, str], set[str]]:
    """Who in ``autogauge/`` imports whom, by the names right below it, and in which files."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in files("autogauge"):
        place = path.relative_to(ROOT).with_suffix("").parts
        for name in source(path).imports:
            package, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if package == "autogauge" and other in LEVELS and other != place[1]:
                found.setdefault((place[1], other), set()).add("/".join(place))
    return found


def test_every_part_of_the_library_has_its_place():
    parts = {
        path.stem for path in (ROOT / "autogauge").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert parts - {"__init__"} <= {*LEVELS}, "say in LAYERS where it stands"


def test_imports_point_one_way():
    found = arrows()
    upwards = {each for each in found if LEVELS[each[0]] < LEVELS[each[1]]}
    assert not {each: found[each] for each in upwards | (NEVER & {*found})}


def test_no_two_parts_know_each_other():
    order = graphlib.TopologicalSorter[str]()
    for one, other in arrows():
        order.add(one, other)
    order.prepare()  # a CycleError names those in a circle


@pytest.mark.parametrize(
    ("folder", "strangers"),
    [
        ("autogauge", {"pytest", "_pytest", "conftest", "fixtures", "tests", "benchmarks"}),
        ("fixtures", {"conftest", "tests", "benchmarks"}),
        ("benchmarks", {"pytest", "_pytest", "conftest", "fixtures", "tests"}),
        *((f"tests/{each}", {"conftest", "fixtures", "pytest_autogauge", "tests", "benchmarks"}) for each in PROMISES),
    ],
)
def test_nobody_knows_who_uses_him(folder, strangers):
    found = {(str(path), name) for path in files(folder) for name in source(path).imports}
    assert not [each for each in found if each[1].partition(".")[0] in strangers]


def test_fixtures_have_names_that_are_in_nobodys_way():
    """In a user's project a fixture of his own may be called ``settings`` or ``model``."""
    for path in files("fixtures"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made_by = [ast.unparse(each) for each in getattr(function, "decorator_list", [])]
            for each in made_by:
                if each.startswith("pytest.fixture"):
                    assert f"name='autogauge_{function.name}'" in each or "name='autogauge_device_or_skip'" in each, (
                        f"{path}: {each}"
                    )


def test_the_worker_runs_where_nothing_but_openvino_is_installed():
    for path in files("autogauge/probe/worker"):
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 8))
        for name in source(path).imports:
            root = name.partition(".")[0]
            own = name.startswith("autogauge.probe.worker.")
            assert own or root in {*sys.stdlib_module_names, "numpy", "openvino"}, f"{path}: {name}"


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("autogauge/tools/runner.py", set()),
        ("autogauge/models/omz/runner.py", set()),
        ("autogauge/runtimes/ask.py", {"numpy", "openvino"}),
    ],
)
def test_what_runs_in_any_interpreter_needs_nothing(name, more):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"), name, feature_version=(3, 8))
    assert {each.partition(".")[0] for each in imported(ast.walk(tree))} <= sys.stdlib_module_names | more


def too_long() -> set[str]:
    """The files above their length, and the functions, by file and name."""
    found = set()
    for path in files("autogauge", "fixtures", "benchmarks"):
        name = str(path.relative_to(ROOT))
        if source(path).lines > LONGEST_FILE:
            found.add(name)
        found |= {f"{name}:{each}" for each, lines in source(path).functions.items() if lines > LONGEST_FUNCTION}
    return found


def test_no_file_and_no_function_is_too_long():
    assert not too_long(), "split it by meaning"
