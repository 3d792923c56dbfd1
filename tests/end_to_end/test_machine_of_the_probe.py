"""A run whose probes stand elsewhere than the session: the file and the page tell of the probes' machine."""

import json
import os

import pytest

from tests.support import misbehaving_python, run_suite, with_probes_on

ON_ONE = "os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})"


@pytest.mark.slow
def test_the_run_file_holds_the_probes_machine(tmp_path):
    affinity = os.sched_getaffinity(0)
    if len(affinity) < 2:
        pytest.skip("there is one processor only")
    options, environment = with_probes_on(misbehaving_python(tmp_path, ON_ONE), tmp_path)
    done = run_suite(
        *("-m", "perf", "--profile=quick", "--model=one-convolution", "--machine=lab", "--accelerator=none"),
        *("-k", "first_inference_latency", "--disturbed=accept", f"--reports={tmp_path}/reports", *options),
        **environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "reports" / "history" / "lab").glob("*.json")
    told = json.loads(path.read_bytes())["machine_info"]
    assert told["fingerprint"]["logical_cpus"] == 1
    assert told["noted"]["processors"] == str(max(affinity))
    said = " ".join(done.stdout.split())
    assert said.count("the probes see another machine than the process that starts them") == 1
    assert f"the number of processors is 1, not {len(affinity)}" in said
