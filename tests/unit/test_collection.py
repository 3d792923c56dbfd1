"""What is collected when only the measuring is asked for: its own tests, and nothing else is even read."""

import ast

from tests.cases import each_of
from tests.conftest import DO_NOT_MEASURE
from tests.support import ROOT, run_suite


def test_measuring_reads_no_other_tests():
    done = run_suite("-m", "perf", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout
    *tests, _, last = done.stdout.splitlines()
    assert {line.split("::")[0].rpartition("/")[0] for line in tests} == {"tests/perf"}
    assert "deselected" not in last


@each_of("folder", DO_NOT_MEASURE)
def test_no_test_that_measures_is_where_nobody_would_collect_it(folder):
    for path in (ROOT / "tests" / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        nodes = ast.walk(ast.parse(text)) if "mark.perf" in text else ()
        assert "pytest.mark.perf" not in {ast.unparse(each) for each in nodes if isinstance(each, ast.Attribute)}, path


def test_the_garbage_collector_is_on_and_passes_over_what_was_collected():
    import gc

    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000
