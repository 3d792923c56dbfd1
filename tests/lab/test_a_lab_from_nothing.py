"""A lab as its page says: four machines with nothing on them are provisioned, measured, brought home, shown and alerted on."""

import datetime
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading

import pytest

from autogauge.history import store
from tests.histories import LATENCY, save
from tests.support import ROOT, run_cli

pytestmark = pytest.mark.lab
for _needed in ("ansible", "apprise"):
    pytest.importorskip(_needed, reason="what a lab needs is not installed: pip install -r requirements-lab.txt")

MEASURED = ["--profile=quick", "--model=one-convolution", "--pinned=off", "-k", "test_first_inference_latency and CPU"]
DOWNLOAD_S, FLEET_S = 300, 900


@pytest.fixture(scope="module")
def wheels():
    """The requirements' wheels in a folder that every user may read, as a lab has a mirror: each machine installs all of them by itself."""
    with tempfile.TemporaryDirectory(prefix="autogauge-wheels-", dir="/tmp") as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--wheel-dir",
            folder,
            "-r",
            str(ROOT / "requirements.txt"),
        ]
        subprocess.run(command, check=True, timeout=DOWNLOAD_S)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True, timeout=30)
        yield folder


@pytest.fixture
def told():
    """A webhook on loopback: its address, and what it was told."""
    messages = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            messages.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}/hook", messages
        server.shutdown()


def test_four_machines_from_nothing_to_an_alert(lab, inventory_of, tmp_path, wheels, told, monkeypatch):
    address, messages = told
    reports, names = tmp_path / "reports", [each.name for each in lab.machines]
    environment = {"AUTOGAUGE_CACHE": str(tmp_path / "cache"), "AUTOGAUGE_ALERT_URLS": address, "GITHUB_ACTIONS": ""}
    for each in lab.machines:  # they are one computer: one measures after the other
        monkeypatch.setitem(each.variables, "autogauge_lock", str(lab.machines[0].lock))
    path = inventory_of(
        autogauge_pytest_args=MEASURED,
        autogauge_python="",
        autogauge_base_python=lab.python,
        autogauge_environment={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels},
    )

    def autogauge(*words, timeout_s=120):
        return run_cli(*words, timeout_s=timeout_s, **environment)

    done = autogauge("fleet", "check", str(path), timeout_s=FLEET_S)
    assert done.stdout.splitlines()[-1] == "4 machines: 4 ready", done.stdout + done.stderr

    done = autogauge("fleet", "run", str(path), f"--reports={reports}", timeout_s=FLEET_S)
    assert done.stdout.splitlines()[-1] == "4 machines: 4 measured", done.stdout + done.stderr
    history = reports / "history"
    assert {name: len(store.runs(history / name)) for name in names} == dict.fromkeys(names, 1)

    now = datetime.datetime.now(datetime.timezone.utc)
    for day in range(5):  # a fifth one measured daily until a month ago
        when = now - datetime.timedelta(days=40 - day)
        save(history / "lab-old", {LATENCY: 0.01}, machine="lab-old", when=when)
    done = autogauge("report", f"--history={history}", f"--out={tmp_path / 'pages'}")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "pages" / "index.html").read_text()
    assert all(name in page for name in (*names, "lab-old"))
    (row,) = re.findall(r"<tr[^>]*>(?:(?!</tr>).)*lab-old(?:(?!</tr>).)*</tr>", page, re.DOTALL)[:1]
    assert "not reporting" in row, "its own row says so: the rule above the table has these words too"

    for times in (1, 1):  # told once, however often it is asked
        done = autogauge("alert", f"--history={history}")
        assert done.returncode == 1, done.stdout + done.stderr
        assert len(messages) == times
    assert "lab-old" in json.dumps(messages)
