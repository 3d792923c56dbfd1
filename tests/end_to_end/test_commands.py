"""`python -m autogauge` as an engineer types it."""

import json

import pytest

from tests.support import run_cli

QUICK = ("--model=one-convolution", "--rounds=16", "--blocks=8")


def test_devices_lists_the_cpu():
    done = run_cli("devices", "--json")
    assert done.returncode == 0, done.stderr
    found = {device["name"]: device for device in json.loads(done.stdout)["devices"]}
    assert found["CPU"]["kind"] == "CPU"
    assert found["CPU"]["full_name"]
    assert "FP32" in found["CPU"]["capabilities"]
    assert found["CPU"]["full_name"].split()[0] in run_cli("devices").stdout


@pytest.mark.slow
def test_the_self_check_measures_one_condition_twice(model_cache):
    done = run_cli("aa", *QUICK, "--json", "--seed=1", AUTOGAUGE_CACHE=str(model_cache))
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    assert {check["metric"]: check["replicates"] for check in answer["checks"]} == {
        "FPS": 16,
        "mean latency": 16,
        "FIL": 8,
    }
    for check in answer["checks"]:
        assert check["confidence"] == pytest.approx(0.99)
        assert check["ci"][0] <= check["ratio"] <= check["ci"][1]
        assert check["holds_1"] == (check["ci"][0] <= 1 <= check["ci"][1])
    assert done.returncode == (0 if all(check["holds_1"] for check in answer["checks"]) else 1)
    assert "A/A of steady speed: " in done.stderr


def test_help_has_examples():
    for words in ((), ("aa",), ("devices",)):
        done = run_cli(*words, "--help")
        assert done.returncode == 0
        assert not words or f"Example: python -m autogauge {words[0]}" in done.stdout
