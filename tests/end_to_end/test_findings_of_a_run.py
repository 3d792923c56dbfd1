"""What never worked is said once: one red test, one sentence with the next step, and the others refer to it."""

import json
import re

import pytest

from tests.sessions import OPTIONS
from tests.support import misbehaving_python, require_emulation, run_suite, with_probes_on

CHANGED = """
import openvino
compile_model = openvino.Core.compile_model
def compiled(self, model, device_name=None, config=None):
    {fault}
    return compile_model(self, model, device_name, config)
openvino.Core.compile_model = compiled
"""
OF_THE_SESSION = "len(model.get_ops()) > 10"
"""The trial of the emulated GPU has one convolution, and works."""
NOT_THE_CPU = f"{OF_THE_SESSION} and device_name not in ('CPU', 'AUTO:CPU')"
CRASH = "os.kill(os.getpid(), signal.SIGILL)"
LONGEST = 400
"""Letters of a line of ours."""


class Outcome:
    """What a session printed and wrote."""

    def __init__(self, done, folder):
        self.folder, self.status, self.text = folder, done.returncode, done.stdout + done.stderr
        self.summary = json.loads((folder / "reports" / "latest" / "summary.json").read_bytes())
        self.counts = {
            word: int(number) for number, word in re.findall(r"(\d+) (failed|errors?|passed|skipped)", self.text)
        }
        self.findings = [each["sentence"] for each in self.summary["findings"]]
        # Where a folder of this test's is named, its length is not ours.
        self.lines = [line.replace(str(folder), "") for line in self.text.splitlines()]

    def last_screen(self):
        return self.text[self.text.index("AUTO's promises ====") :]


@pytest.fixture
def outcome(tmp_path, model_cache):
    """Run the suite on probes in which that happens before each compile."""

    def outcome(fault, *options):
        changed, environment = with_probes_on(misbehaving_python(tmp_path, CHANGED.format(fault=fault)), tmp_path)
        places = (f"--reports={tmp_path}/reports", f"--cache={model_cache}")
        done = run_suite(*changed, *OPTIONS, *places, *options, timeout_s=300, **environment)
        return Outcome(done, tmp_path)

    return outcome


def said_once(found, cause, *subjects):
    """One red test, and the cause in full once while measuring and once on the last screen."""
    assert found.status == 1, found.text
    assert found.counts.get("failed") == 1, found.text
    assert "errors" not in found.counts, found.text
    assert "error" not in found.counts, found.text
    assert "Traceback" not in found.text
    assert len(re.findall(cause, found.text)) == 2, found.text
    assert len(re.findall(cause, found.last_screen())) == 1, found.text
    assert len(found.findings) == 1
    assert found.findings[0].startswith(f"{' and '.join(subjects)} ")
    assert max(map(len, found.lines)) <= LONGEST, max(found.lines, key=len)
    *last, _ = found.last_screen().partition("= short test summary")[0].splitlines()
    assert re.match(f"FINDING  {' and '.join(subjects)} ", last[1]), "above the table"
    assert re.match(f"FINDING  {' and '.join(subjects)} ", last[-1]), "and in the last line"


THREE_STUDIES = "test_cached_start.py or test_first_inference.py or test_hand_over.py"


@pytest.mark.slow
def test_a_gpu_that_crashes_in_every_turn_is_one_red_test_with_the_words_of_doctor(outcome):
    require_emulation()
    found = outcome(f"if {NOT_THE_CPU}: {CRASH}", "--accelerator=emulated", "--model=small-cnn", "-k", THREE_STUDIES)
    said_once(found, r"killed by signal 4 \(SIGILL\)", "GPU", "AUTO")
    assert "or measure without it (--accelerator=auto)" in found.findings[0]
    assert "FAILED tests/perf/test_cached_start.py::test_every_cached_start_was_measured" in found.text
    assert re.search(r"\n\d+ tests: GPU and AUTO crashed in every turn: see FINDING\n", found.text)
    log = re.search(r"probes/(\S+)", found.findings[0])[1]
    assert "Illegal instruction" in (found.folder / "reports" / "latest" / "probes" / log).read_text()
    (standing,) = (line for line in found.lines if line.startswith("standing: quarantined"))
    assert "test_every_cached_start_was_measured" in standing
    page = (found.folder / "reports" / "latest" / "index.html").read_text()
    assert page.count("SIGILL") >= 1
    assert page.index("FINDING") < page.index('id="verdicts"'), "near its top"


@pytest.mark.slow
def test_a_gpu_that_hangs_in_every_turn_is_told_with_what_gives_more_time(outcome):
    require_emulation()
    chosen = ("--model=small-cnn", "-k", "test_hand_over", "--probe-deadline=10")
    found = outcome(f"if {NOT_THE_CPU}: time.sleep(1000)", "--accelerator=emulated", *chosen)
    said_once(found, r"no answer within [0-9.]+ s", "AUTO")
    assert "hung in every turn (2)" in found.findings[0]
    assert "(--probe-deadline)" in found.findings[0]


@pytest.mark.slow
def test_where_the_cpu_itself_fails_nothing_is_measured_and_one_sentence_says_why(outcome):
    chosen = ("--accelerator=none", "-k", "test_first_inference.py or test_hints.py")  # others would be more subjects
    found = outcome("raise RuntimeError(f'[CPU] no kernel at 0x{os.getpid():012x}')", *chosen)
    said_once(found, r"\[CPU\] no kernel", "CPU", "AUTO")
    assert "python -m autogauge doctor" in found.findings[0]
    assert "history: nothing is saved, since no benchmark was recorded" in found.text


@pytest.mark.slow
def test_different_causes_are_each_said_once(outcome):
    fault = f"""if device_name == 'AUTO': {CRASH}
    if device_name == 'CPU': raise RuntimeError(f'[CPU] no kernel at 0x{{os.getpid():012x}}')"""
    found = outcome(fault, "--accelerator=none", "-k", "test_first_inference.py")
    assert found.counts.get("failed") == 1, "the test that every turn was measured names both"
    assert found.text.count("SIGILL") == found.text.count("no kernel") == 2, found.text
    assert {each.partition(" (")[0] for each in found.findings} == {
        "AUTO crashed in every turn",
        "CPU gave an error in every turn",
    }


@pytest.mark.slow
def test_one_turn_in_five_that_fails_is_no_finding(outcome, tmp_path):
    count = tmp_path / "count"
    fault = f"""open({str(count)!r}, 'a').write('.')
    if os.path.getsize({str(count)!r}) % 5 == 0: {CRASH}"""
    found = outcome(fault, "--accelerator=none", "-k", "test_first_inference.py")
    assert found.findings == []
    assert "FINDING" not in found.text
    assert found.status == 1, "a crash is not passed over"
    assert "FAILED tests/perf/test_first_inference.py::test_every_first_inference_was_measured" in found.text
    assert re.search(r"\n\d+ turns? failed: (CPU|AUTO): killed by signal 4 \(SIGILL\) during compile", found.text)
    assert found.counts["failed"] == 1
    verdict = found.summary["verdicts"][0]
    assert verdict["failed_replicates"] >= 1
    assert "SIGILL" in verdict["evidence"], "with what rests on the others"


@pytest.mark.slow
def test_a_test_alone_that_rests_on_a_finding_is_red(outcome):
    fault = f"if device_name == 'AUTO': {CRASH}"
    found = outcome(fault, "--accelerator=none", "-k", "test_first_inference_latency and AUTO")
    assert found.status == 1
    assert found.counts.get("failed") == 1
    assert "::test_first_inference_latency[AUTO] - Failed: AUTO crashed in every turn" in found.text
