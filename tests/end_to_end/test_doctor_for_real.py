"""``doctor --strict`` on a machine that is really unfit: within a quota of processors, beside programs that take them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support import ROOT, real_quota

BURNS = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100000))"
IN_A_GROUP = (
    "import os, runpy, sys\n"
    "try:\n"
    "    open(os.environ['GROUP'] + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
    "except OSError as error: sys.exit('cannot join: ' + str(error))\n"
    "sys.argv[0] = 'autogauge'\n"
    "runpy.run_module('autogauge', run_name='__main__')"
)


@pytest.mark.slow
def test_a_quota_and_other_load_make_a_machine_unfit(tmp_path):
    processors = len(os.sched_getaffinity(0))
    with real_quota(processors * 0.8) as group:
        others = [subprocess.Popen([sys.executable, "-c", BURNS]) for _ in range(processors)]
        try:
            done = subprocess.run(
                [sys.executable, "-c", IN_A_GROUP, "doctor", "--strict", "--json", f"--cache={tmp_path}"],
                cwd=ROOT,
                env={**os.environ, "GROUP": str(group)},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
        finally:
            for each in others:
                each.kill()
                each.wait()
    if "cannot join" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 1, done.stderr
    found = {each["what"]: each for each in json.loads(done.stdout) if each["subject"] == "machine"}
    assert found["quota (cgroup)"]["state"] == found["other load"]["state"] == "UNFIT"
    assert found["quota (cgroup)"]["figures"]["allowed_processors"] == pytest.approx(processors * 0.8)
    assert "python" in " ".join(found["other load"]["figures"]["programs"])
    assert "this machine is not fit to measure: " in done.stderr
    assert "quota (cgroup)" in done.stderr
