"""What a machine of a lab packs of its runs, by the script that runs there: what is at home, or was pruned there, stays where it is."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from autogauge.history import pruned, run_file, standing, store
from autogauge.lab.fleet import engine, results
from autogauge.lab.fleet.inventory import Machine
from tests.histories import LATENCY, save

PACK = engine.PLAYBOOKS / "roles/machine/files/pack.sh"


@pytest.fixture
def machine(tmp_path):
    """A machine's folder with four runs, whose samples and standings lie beside them."""
    folder = tmp_path / "machine" / "reports" / "history" / "lab-01"
    for number in range(4):
        run = save(folder, {LATENCY: 0.01 + number / 1000})
        run_file.arrays_path(run).write_bytes(b"x" * (number + 1))
        standing.reject(run, "w")
    (tmp_path / "machine" / "sessions" / "s").mkdir(parents=True)
    return tmp_path / "machine"


def packed(machine, at_home):
    """The runs' files in what the machine packs, by their numbers and endings."""
    (machine / "sessions" / "s" / "at-home").write_bytes(at_home)
    done = subprocess.run(
        ["sh", "-c", PACK.read_text()],
        env={"PATH": os.environ["PATH"], "FOLDER": str(machine), "SESSION": "s", "NAME": "lab-01"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    with tarfile.open(done.stdout.decode().strip()) as archive:
        names = [Path(each.name) for each in archive if each.isfile()]
    return sorted(f"{each.name[:4]}{each.suffix}" for each in names)


def test_what_is_at_home_or_was_pruned_there_is_not_packed_again(machine, tmp_path):
    home, named = tmp_path / "home", Machine("lab-01", "lab-01")
    runs = store.runs(machine / "reports" / "history" / "lab-01")
    everything = [f"000{number}{kind}" for number in range(1, 5) for kind in (".json", ".npz", ".standing")]
    assert packed(machine, results.at_home(home, named)) == everything
    (home / "lab-01").mkdir(parents=True)
    (home / "lab-01" / runs[1].name).write_bytes(runs[1].read_bytes())
    pruned.write(home / "lab-01", [runs[0].name, runs[1].name])  # the second was brought back
    listed = results.at_home(home, named)
    assert listed.decode().splitlines() == [
        f"lab-01/{runs[1].name}\t{runs[1].stat().st_size}",
        f"lab-01/{runs[0].stem}",
    ]
    assert packed(machine, listed) == [each for each in everything if each[:4] != "0001" and each != "0002.json"]


def test_a_list_that_cannot_be_read_costs_no_more_than_fetching(tmp_path):
    (tmp_path / "lab-01" / pruned.NAME).mkdir(parents=True)
    assert results.at_home(tmp_path, Machine("lab-01", "lab-01")) == b""
