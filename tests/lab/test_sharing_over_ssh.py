"""push and pull with a real ssh server: its config, its keys, its rights, its disk, and its failing in the middle."""

import os
import signal
import subprocess
import time

import pytest

from autogauge.history import run_file, standing, store
from autogauge.history.sharing.ssh import Host
from autogauge.history.standing_file import Standing
from tests.lab.sharing import carry, command, content, environment, some_machines, with_samples
from tests.support import ROOT, wait_until

pytestmark = pytest.mark.lab
pytest.importorskip("sshfs", reason="sshfs is not installed (requirements-lab.txt)")


@pytest.fixture
def host(lab):
    """The first machine."""
    return lab.machines[0]


@pytest.fixture
def home(lab, tmp_path):
    """A home whose ~/.ssh/config knows the machines by their names."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True, mode=0o700)
    (folder / ".ssh" / "config").write_bytes(lab.ssh_config.read_bytes())
    return folder


@pytest.fixture
def here(tmp_path):
    some_machines(tmp_path / "here")
    return tmp_path / "here"


def there(host):
    """The history there that the tests of this machine use, seen from this computer; empty at first."""
    folder = host.home / f"central-{time.monotonic_ns()}"
    return folder, f"ssh://{host.name}{folder}"


def test_what_is_pushed_by_a_name_of_the_config_comes_back_as_it_was(host, home, here, tmp_path):
    folder, url = there(host)
    assert carry(home, "push", url, "--history", here) == (
        2,
        f"autogauge: there is no history at {url}: check the address, or begin one there (--new).\n",
    )
    status, said = carry(home, "push", url, "--history", here, "--new")
    assert (status, f"{url}: 6 runs sent, 0 there already" in said) == (0, True)
    assert content(folder) == content(here)
    assert carry(home, "push", url, "--history", here) == (0, f"{url}: 0 runs sent, 6 there already\n")
    status, said = carry(home, "pull", url, "--history", tmp_path / "back", "--machine=lab-01", "--where=run=2-3")
    assert (status, f"{url}: 2 runs fetched" in said) == (0, True)
    assert len(content(tmp_path / "back")) == 4
    assert carry(home, "pull", url, "--history", tmp_path / "back")[0] == 0
    assert content(tmp_path / "back") == content(here)


def test_a_path_from_the_home_and_a_standing_that_changes(host, home, here, tmp_path):
    url = f"ssh://{host.name}/~/history-{time.monotonic_ns()}"
    assert carry(home, "push", url, "--history", here, "--new")[0] == 0
    run = store.runs(here / "lab-01")[0]
    standing.reject(run, "the fan was broken")
    assert "1 standing updated" in carry(home, "push", url, "--history", here)[1]
    assert carry(home, "pull", url, "--history", tmp_path / "back")[0] == 0
    assert standing.read(tmp_path / "back" / "lab-01" / run.name).why == "the fan was broken"
    standing.accept(run, "it was not")
    assert "1 standing updated" in carry(home, "push", url, "--history", here)[1]
    assert carry(home, "pull", url, "--history", tmp_path / "back")[1].endswith("1 standing updated\n")
    assert standing.read(tmp_path / "back" / "lab-01" / run.name).standing is Standing.ACCEPTED


def test_what_a_killed_sender_left_goes_after_a_day_and_nothing_else_does(host, home, here):
    folder, url = there(host)
    carry(home, "push", url, "--history", here, "--new", "--where=run=1")
    old, new = ".0002_run_ffffffff.npz.0123abcd.part", ".0003_run_ffffffff.npz.0123abcd.part"
    others = {old, new, ".0002_of_mine.part", "notes.part"}
    for name in others:
        (folder / "lab-01" / name).write_text("half")
        os.chown(folder / "lab-01" / name, (folder / "lab-01").stat().st_uid, -1)
    for name in others - {new}:
        os.utime(folder / "lab-01" / name, (1, 1))
    assert carry(home, "push", url, "--history", here)[0] == 0
    assert {each.name for each in (folder / "lab-01").glob("*.part")} | {
        each.name for each in (folder / "lab-01").glob(".*.part")
    } == others - {old}


def test_another_machine_of_the_same_name_is_kept_apart(host, home, here, tmp_path):
    folder, url = there(host)
    carry(home, "push", url, "--history", here, "--new")
    with_samples(tmp_path / "other" / "lab-01", 0.5, fingerprint="a" * 16)
    before = content(folder)
    status, said = carry(home, "push", url, "--history", tmp_path / "other")
    assert (status, content(folder)) == (1, before)
    assert "KEPT BACK  lab-01: " in said
    assert carry(home, "push", url, "--history", tmp_path / "other", "--machine=lab-01", "--as=lab-01-b")[0] == 0
    assert len(store.runs(folder / "lab-01-b")) == 1


def pushing(home, url, here, *words):
    return subprocess.Popen(
        command("push", url, "--history", here, "--new", *words),
        env=environment(home),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def sessions(host):
    """The processes that serve files: they are the server's own, so nothing in their environment says whose they are."""
    import psutil

    found = psutil.Process(host.server.pid).children(recursive=True)
    assert found
    return found


def held_in_the_middle(sender, folder):
    """Stop a sender when something has arrived and something else is on its way."""
    assert wait_until(lambda: any((folder / "lab-01").glob("*.json")) and any(folder.glob("*/.*.part")), 60)
    sender.send_signal(signal.SIGSTOP)
    assert len(store.runs(folder / "lab-01")) < 10


def all_whole(folder):
    """How many runs are seen, of which all are whole: each with its samples, and quarantined as it was saved."""
    runs = store.runs(folder) if folder.exists() else []
    for run in runs:
        assert standing.read(run).standing is Standing.QUARANTINED
        assert run_file.arrays_beside(run, run_file.read_document(run))[0]
    return len(runs)


@pytest.fixture
def large(tmp_path):
    """Ten quarantined runs with samples of some MB each: there is a middle to be killed in."""
    folder = tmp_path / "large" / "lab-01"
    for number in range(10):
        standing.reject(with_samples(folder, 0.01 + number / 1000, samples=400_000), "w")
    return folder.parent


@pytest.mark.parametrize("after", [0, 3])
def test_a_sender_killed_in_the_middle_leaves_no_half_file_and_the_next_completes_it(host, home, large, after):
    folder, url = there(host)
    sender = pushing(home, url, large)
    assert wait_until(
        lambda: len(list((folder / "lab-01").glob("*.json"))) >= after and any(folder.glob("*/.*.part")), 60
    )
    sender.send_signal(signal.SIGKILL)
    sender.communicate(timeout=60)
    seen = all_whole(folder / "lab-01")
    assert after <= seen < 10
    status, said = carry(home, "push", url, "--history", large)
    assert (status, f"{10 - seen} runs sent" in said or seen == 9) == (0, True)
    assert all_whole(folder / "lab-01") == 10
    kept = {name: each for name, each in content(folder).items() if not name.endswith(".part")}
    assert kept == content(large)


def test_a_connection_lost_in_the_middle_of_a_file_is_said_and_goes_on_from_there(host, home, large):
    folder, url = there(host)
    sender = pushing(home, url, large)
    held_in_the_middle(sender, folder)
    for each in sessions(host):
        each.kill()
    host.down()
    sender.send_signal(signal.SIGCONT)
    _, said = sender.communicate(timeout=120)
    assert sender.returncode == 2
    assert "Traceback" not in said
    assert f"the connection to {url} was lost" in said
    assert "it goes on from there" in said
    all_whole(folder / "lab-01")
    host.up()
    assert carry(home, "push", url, "--history", large)[0] == 0
    assert all_whole(folder / "lab-01") == 10


def test_a_host_that_hangs_ends_at_the_deadline(host, home, large):
    folder, url = there(host)
    sender = pushing(home, url, large, "--wait=3")
    held_in_the_middle(sender, folder)
    hanging = sessions(host)
    for each in hanging:
        each.suspend()
    sender.send_signal(signal.SIGCONT)
    try:
        _, said = sender.communicate(timeout=240)
    finally:
        for each in hanging:
            each.kill()
    assert sender.returncode == 2, "a process that waited for ever would have been the failure"
    assert "did not answer within" in said or "was lost" in said
    assert "Traceback" not in said
    all_whole(folder / "lab-01")


def test_two_senders_at_once_lose_nothing_and_send_nothing_twice(host, home, large):
    folder, url = there(host)
    senders = [pushing(home, url, large) for _ in range(2)]
    for each in senders:
        _, said = each.communicate(timeout=240)
        assert each.returncode == 0, said
    assert all_whole(folder / "lab-01") == 10
    assert content(folder) == content(large)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's folder can be made by root only")
def test_a_folder_without_rights_keeps_that_machine_back_and_sends_the_others(host, home, here):
    folder, url = there(host)
    carry(home, "push", url, "--history", here, "--machine=lab-01", "--new")
    with_samples(here / "lab-01", 0.5)
    os.chown(folder / "lab-01", 0, 0)
    (folder / "lab-01").chmod(0o755)
    status, said = carry(home, "push", url, "--history", here)
    assert status == 1
    assert "3 runs sent" in said
    assert f"KEPT BACK  lab-01: {url} refuses" in said
    assert len(store.runs(folder / "lab-02")) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can be mounted by root only")
@pytest.mark.parametrize(("options", "why"), [("size=64k", "its disk is full"), ("ro", "its file system is read-only")])
def test_a_disk_that_is_full_or_read_only_is_called_so(host, home, large, options, why):
    folder, url = there(host)
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=777,size=64k", "tmpfs", folder], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        (folder / "lab-01").mkdir(mode=0o777)
        (folder / "lab-01").chmod(0o777)
        if options == "ro":
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        status, said = carry(home, "push", url, "--history", large)
        assert (status, why in said) == (2, True), said
        assert content(folder) == {}
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_who_is_not_let_in_is_told_why_in_one_sentence(host, home, here, lab):
    config = home / ".ssh" / "config"
    known = config.read_text()
    (home / "nobody").touch()
    config.write_text(known.replace(str(lab.known_hosts), str(home / "nobody")))
    status, said = carry(home, "push", f"ssh://{host.name}/tmp/x", "--history", here)
    assert (status, "its key is not in known_hosts" in said, said.count("\n")) == (2, True, 1), said
    config.write_text(known.replace(f"User {host.user}", "User nobody-here"))
    status, said = carry(home, "push", f"ssh://{host.name}/tmp/x", "--history", here)
    assert (status, "does not let this user in" in said, said.count("\n")) == (2, True, 1), said
    config.write_text(known.replace(str(lab.known_hosts), str(home / "nothing")))
    status, said = carry(home, "push", f"ssh://{host.name}/tmp/x", "--history", here)
    assert (status, "a file is not there" in said, said.count("\n")) == (2, True, 1), said
    config.write_text(known)
    host.down()
    status, said = carry(home, "push", f"ssh://{host.name}/tmp/x", "--history", here, "--wait=5")
    assert (status, "cannot be reached" in said, said.count("\n")) == (2, True, 1), said


@pytest.mark.parametrize("is_removed", [True, False])
def test_a_standing_that_goes_or_changes_meanwhile_is_no_error_and_leaves_nothing_unfinished(
    host, home, tmp_path, monkeypatch, is_removed
):
    monkeypatch.setenv("HOME", str(home))
    folder, url = there(host)
    run = with_samples(tmp_path / "here" / "lab-01")
    standing.reject(run, "first")
    assert carry(home, "push", url, "--history", tmp_path / "here", "--new")[0] == 0
    copy = folder / "lab-01" / standing.path_of(run).name
    standing.accept(run, "said here")
    ours, before = standing.path_of(run).read_bytes(), copy.read_bytes()
    if is_removed:
        copy.unlink()
    else:
        copy.write_bytes(b"another one")
    place = Host(host.name, str(folder), url, 60.0)
    assert place.replace("lab-01", copy.name, ours, before) is False
    assert [path.name for path in copy.parent.iterdir() if path.name.endswith(".part")] == []
    if is_removed:
        assert carry(home, "push", url, "--history", tmp_path / "here")[0] == 0
        assert copy.read_bytes() == ours
