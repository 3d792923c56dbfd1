"""Debian's node_exporter (prometheus-node-exporter) reads our file and serves what is in it; promtool finds nothing to say."""

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests.histories import LATENCY, save, year
from tests.support import run_cli, wait_until

pytestmark = pytest.mark.lab
EXPORTER, PROMTOOL = (shutil.which(name) for name in ("prometheus-node-exporter", "promtool"))
ODD = 'back\\slash, "quotes", ünïcode, {braces} and a = sign'


@pytest.fixture
def exported(tmp_path):
    """A folder with a file as the documented cron job writes it."""
    history, folder = tmp_path / "history", tmp_path / "textfile"
    year(history, "lab-01", runs=3, verdict="PASS")
    save(
        history / "lab-02", {LATENCY: 0.025, "steady memory in MiB: AUTO": 100.0}, machine="lab-02", labels={"odd": ODD}
    )
    folder.mkdir()
    done = run_cli("history", "export", str(folder / "autogauge.prom"), f"--history={history}", f"--cache={tmp_path}/c")
    assert done.returncode == 0, done.stderr
    return folder


@contextlib.contextmanager
def serving(folder):
    """What the exporter serves of that folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    command = [EXPORTER, "--collector.disable-defaults", "--collector.textfile"]
    command += [f"--collector.textfile.directory={folder}", f"--web.listen-address={address}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def read():
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as reply:
            return reply.read().decode()

    def answers():
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return bool(read())

    try:
        assert wait_until(answers, 30), process.stderr
        yield read
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(not EXPORTER, reason="Debian's prometheus-node-exporter is not installed")
def test_node_exporter_serves_what_was_exported(exported):
    from prometheus_client.parser import text_string_to_metric_families

    with serving(exported) as read:
        families = {each.name: each for each in text_string_to_metric_families(read())}
        assert families["node_textfile_scrape_error"].samples[0].value == 0
        (found,) = (
            each for each in families["autogauge_benchmark_seconds"].samples if each.labels["machine"] == "lab-02"
        )
        assert found.value == 0.025
        assert found.labels["odd"] == ODD
        assert families["autogauge_benchmark_bytes"].samples[0].value == 100 * 2**20
        stands = families["autogauge_benchmark_standing"].samples
        assert {each.labels["standing"] for each in stands} == {"accepted"}
        verdicts = families["autogauge_benchmark_verdict"].samples
        assert {each.labels["machine"] for each in verdicts if each.labels["verdict"] == "PASS"} == {"lab-01"}
        ages = families["autogauge_benchmark_measured_timestamp_seconds"].samples
        assert all(0 < each.value < time.time() for each in ages)
        # This test can fail: a file that the exporter refuses is said by it.
        (exported / "wrong.prom").write_text("autogauge_x 1 1700000000000\n")
        again = {each.name: each for each in text_string_to_metric_families(read())}
        assert again["node_textfile_scrape_error"].samples[0].value == 1


@pytest.mark.skipif(not PROMTOOL, reason="Debian's prometheus, with promtool, is not installed")
def test_promtool_finds_nothing_to_say(exported):
    with (exported / "autogauge.prom").open() as stream:
        done = subprocess.run(
            [PROMTOOL, "check", "metrics"], stdin=stream, capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
