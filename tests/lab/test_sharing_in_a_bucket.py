"""push and pull with a real S3 server: what arrives, what is kept apart, and a store that refuses, is slow, lies or breaks off."""

import itertools
import re
import shutil
import signal
import subprocess

import pytest

from autogauge.history import standing, standing_file, store
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.s3 import Bucket
from autogauge.history.sharing.transfer import Wanted, transfer
from autogauge.history.standing_file import Standing
from tests.lab import stores
from tests.lab.sharing import carry, command, content, environment, some_machines, with_samples
from tests.lab.stores import KEYS
from tests.support import ROOT, wait_until

pytestmark = pytest.mark.lab
pytest.importorskip("s3fs", reason="s3fs is not installed (requirements-lab.txt)")
pytest.importorskip("moto.server", reason="moto is not installed (requirements-dev.txt)")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with stores.s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def bucket(server):
    """A bucket of this test's own, empty."""
    name = f"lab-{next(_numbers)}"
    assert stores.request(server, "PUT", f"/{name}") == 200
    return name


@pytest.fixture
def here(tmp_path):
    some_machines(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def s3(tmp_path, server):
    """The command, with keys and the server's address as AWS tools have them; nothing that is printed may hold the secret."""

    def run(*words, **more):
        status, said = carry(tmp_path, *words, more={**KEYS, "AWS_ENDPOINT_URL": server, **more})
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in said
        assert KEYS["AWS_ACCESS_KEY_ID"] not in said
        return status, said

    return run


def test_what_is_pushed_comes_back_as_it_was_and_a_second_time_nothing_travels(s3, bucket, here, tmp_path):
    url = f"s3://{bucket}/history"
    assert s3("push", url, "--history", here)[0] == 2, "nothing is there yet, and --new was not said"
    status, said = s3("push", url, "--history", here, "--new")
    assert (status, f"{url}: 6 runs sent, 0 there already" in said) == (0, True)
    assert s3("push", url, "--history", here) == (0, f"{url}: 0 runs sent, 6 there already\n")
    assert s3("push", url, "--history", here, "--verify") == (0, f"{url}: 0 runs sent, 6 there already\n")
    back = tmp_path / "back"
    assert "2 runs fetched" in s3("pull", url, "--history", back, "--machine=lab-02", "--where=last=2")[1]
    assert "4 runs fetched, 2 here already" in s3("pull", url, "--history", back)[1]
    assert content(back) == content(here)


def test_filters_fetch_each_run_once(s3, server, bucket, here, tmp_path):
    s3("push", f"s3://{bucket}", "--history", here)
    asked = []

    def noting(road, method, path, body):
        asked.append(path.partition("?")[0]) if method == "GET" and ".json" in path else None
        return body

    with stores.road(server, noting) as way:
        pull = ("pull", f"s3://{bucket}", "--history", tmp_path / "back", "--where=openvino=2025.1")
        for fetched in (6, 0):
            asked.clear()
            status, said = s3(*pull, AWS_ENDPOINT_URL=way.address)
            assert (status, "passes the filters" in said, len({*asked})) == (2, True, fetched), (said, asked)


def test_standings_of_two_sides_become_one_and_both_words_are_told(s3, bucket, here, tmp_path):
    url, back = f"s3://{bucket}", tmp_path / "back"
    s3("push", url, "--history", here)
    s3("pull", url, "--history", back)
    run = store.runs(here / "lab-01")[0]
    standing.reject(run, "the fan was broken")
    standing.accept(back / "lab-01" / run.name, "it was not")
    assert "1 standing updated" in s3("push", url, "--history", here)[1]
    status, said = s3("push", url, "--history", back)
    assert status == 0
    assert "NOTE  lab-01/0001 had two standings" in said
    assert "the fan was broken" in said
    assert "it was not" in said
    s3("pull", url, "--history", here)
    s3("pull", url, "--history", back)
    assert content(here) == content(back)


def test_another_machine_of_the_same_name_is_kept_apart(s3, bucket, here, tmp_path):
    url = f"s3://{bucket}"
    s3("push", url, "--history", here)
    with_samples(tmp_path / "other" / "lab-01", 0.5)
    status, said = s3("push", url, "--history", tmp_path / "other")
    assert (status, "KEPT BACK  lab-01: 0001_run_ffffffff.json here is another file than that there" in said) == (
        1,
        True,
    )
    assert s3("push", url, "--history", tmp_path / "other", "--machine=lab-01", "--as=lab-01-b")[0] == 0
    s3("pull", url, "--history", tmp_path / "back")
    assert {each.name for each in (tmp_path / "back").iterdir()} == {"lab-01", "lab-01-b", "lab-02"}
    for machine in ("lab-01", "lab-02"):
        assert content(tmp_path / "back" / machine) == content(here / machine)


def pushing(home, url, here, endpoint, *words):
    return subprocess.Popen(
        command("push", url, "--history", here, "--endpoint", endpoint, *words),
        env=environment(home, **KEYS),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def quarantined(tmp_path):
    folder = tmp_path / "quarantined" / "lab-01"
    for number in range(6):
        standing.reject(with_samples(folder, 0.01 + number / 1000, samples=20_000), "w")
    return folder.parent


def all_there(s3, url, history, back):
    assert s3("push", url, "--history", history)[0] == 0
    s3("pull", url, "--history", back)
    assert content(back) == content(history)


def test_a_sender_killed_in_the_middle_is_completed_by_the_next(s3, server, bucket, quarantined, tmp_path):
    with stores.road(server) as way:
        way.slow_s = 0.05
        sender = pushing(tmp_path, f"s3://{bucket}", quarantined, way.address)
        assert wait_until(lambda: way.requests > 12, 60)
        sender.send_signal(signal.SIGKILL)
        sender.communicate(timeout=60)
    seen = tmp_path / "seen"
    s3("pull", f"s3://{bucket}", "--history", seen)
    for run in store.runs(seen / "lab-01"):
        assert standing.read(run).standing is Standing.QUARANTINED
        assert run.with_suffix(".npz").exists()
    all_there(s3, f"s3://{bucket}", quarantined, tmp_path / "back")


def test_two_senders_at_once_lose_nothing(s3, server, bucket, quarantined, tmp_path):
    senders = [pushing(tmp_path, f"s3://{bucket}", quarantined, server) for _ in range(2)]
    for each in senders:
        said, _ = each.communicate(timeout=240)
        assert each.returncode == 0, said
    all_there(s3, f"s3://{bucket}", quarantined, tmp_path / "back")


def test_a_connection_that_breaks_off_in_the_middle_of_a_file_is_said_and_goes_on(s3, server, bucket, here, tmp_path):
    url = f"s3://{bucket}"
    s3("push", url, "--history", here)

    def breaking(road, method, path, body):
        return None if method == "GET" and "0002" in path else body

    with stores.road(server, breaking) as way:
        status, said = s3("pull", url, "--history", tmp_path / "back", AWS_ENDPOINT_URL=way.address)
    assert status == 2, said
    assert url in said
    for machine in ("lab-01", "lab-02"):
        for run in store.runs(tmp_path / "back" / machine):
            assert run.read_bytes() == (here / machine / run.name).read_bytes()
    assert s3("pull", url, "--history", tmp_path / "back")[0] == 0
    assert content(tmp_path / "back") == content(here)


def test_a_store_that_is_too_slow_ends_at_the_deadline(s3, server, bucket, here):
    with stores.road(server) as way:
        way.slow_s = 5.0
        status, said = s3("push", f"s3://{bucket}", "--history", here, "--wait=1", AWS_ENDPOINT_URL=way.address)
    assert (status, "did not answer within 1 s" in said, "--wait=SECONDS" in said) == (2, True, True), said


def larger(road, method, path, body):
    """Every object is told with another size than it has."""
    return re.sub(rb"<Size>(\d+)</Size>", lambda size: b"<Size>%d</Size>" % (int(size[1]) - 7), body)


def invented(road, method, path, body):
    """A run is told that is not there."""
    entry = re.search(rb"<Contents>(?:(?!</Contents>).)*0002_run_ffffffff\.json.*?</Contents>", body, re.DOTALL)
    return body.replace(entry[0], entry[0] + entry[0].replace(b"0002_run", b"0009_run")) if entry else body


def forgotten(road, method, path, body):
    """Samples and standings are not told."""
    return re.sub(
        rb"<Contents><Key>[^<]*\.(npz|standing)</Key>.*?</Contents>",
        b"",
        re.sub(rb">\s+<", b"><", body),
        flags=re.DOTALL,
    )


def test_a_listing_that_lies_about_sizes_brings_nothing_that_is_not_whole(s3, server, bucket, here, tmp_path):
    s3("push", f"s3://{bucket}", "--history", here)
    with stores.road(server, larger) as way:
        status, said = s3("pull", f"s3://{bucket}", "--history", tmp_path / "back", AWS_ENDPOINT_URL=way.address)
    assert (status, "0 runs fetched" in said, "6 kept back" in said) == (1, True, True), said
    assert content(tmp_path / "back") == {}


def test_a_listing_that_invents_a_run_costs_that_run_only(s3, server, bucket, here, tmp_path):
    s3("push", f"s3://{bucket}", "--history", here)
    with stores.road(server, invented) as way:
        status, said = s3("pull", f"s3://{bucket}", "--history", tmp_path / "back", AWS_ENDPOINT_URL=way.address)
    assert (status, "KEPT BACK  lab-01/0009 was left out: it is listed, and is not there" in said) == (1, True), said
    assert content(tmp_path / "back") == content(here)


def test_a_listing_that_forgets_standings_lets_no_quarantined_run_pass_for_accepted(
    s3, server, bucket, quarantined, tmp_path
):
    s3("push", f"s3://{bucket}", "--history", quarantined)
    with stores.road(server, forgotten) as way:
        status, said = s3("pull", f"s3://{bucket}", "--history", tmp_path / "back", AWS_ENDPOINT_URL=way.address)
    assert way.spoilt, "else nothing was forgotten"
    assert (status, "6 runs fetched" in said) == (0, True), said
    assert content(tmp_path / "back") == content(quarantined)


def test_a_listing_that_forgets_what_is_there_overwrites_nothing(s3, server, bucket, here, tmp_path):
    s3("push", f"s3://{bucket}", "--history", here)
    with_samples(tmp_path / "other" / "lab-01", 0.5)

    def empty(road, method, path, body):
        return re.sub(rb"<(Contents|CommonPrefixes)>.*</\1>", b"", body, flags=re.DOTALL)

    with stores.road(server, empty) as way:
        status, said = s3("push", f"s3://{bucket}", "--history", tmp_path / "other", AWS_ENDPOINT_URL=way.address)
    assert (status, "another file lies there" in said) == (1, True), said
    s3("pull", f"s3://{bucket}", "--history", tmp_path / "back")
    assert content(tmp_path / "back") == content(here)


def test_a_store_that_refuses_is_told_in_one_sentence(tmp_path, here):
    with stores.s3_server(tmp_path, lets_in=1) as address:
        assert stores.request(address, "PUT", "/lab") == 200
        status, said = carry(
            tmp_path, "push", "s3://lab", "--history", here, more={**KEYS, "AWS_ENDPOINT_URL": address}
        )
    assert (status, "s3://lab refuses" in said, said.count("\n")) == (2, True, 1), said
    assert not [secret for secret in KEYS.values() if secret in said]


@pytest.mark.parametrize(
    ("words", "more", "why"),
    [
        (["s3://nowhere-at-all/history"], {}, "there is no bucket 'nowhere-at-all'"),
        (["s3://"], {}, "names no bucket"),
        (["s3://AKIAOFATEST:nobody-may@lab/history"], {}, "there are credentials in the address"),
        (["s3://lab", "--endpoint=http://a:b@127.0.0.1:9"], {}, "there are credentials in --endpoint"),
        (["s3://lab", "--endpoint=http://127.0.0.1:9", "--wait=5"], {}, "cannot be reached"),
        (["s3://lab"], {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no credentials"),
        (["gs://lab/history"], {}, "of a kind that is not known"),
    ],
)
def test_a_mistake_is_one_sentence(s3, here, words, more, why):
    status, said = s3("push", *words, "--history", here, **{"AWS_EC2_METADATA_DISABLED": "true", **more})
    assert (status, why in said, said.count("\n")) == (2, True, 1), said


@pytest.mark.parametrize("does", ["says a word", "removes it"])
@pytest.mark.parametrize("at", range(4))
def test_whatever_happens_to_a_standing_between_any_two_answers_no_word_is_lost(
    server, bucket, here, tmp_path, monkeypatch, does, at
):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    run = store.runs(here / "lab-01")[0]
    standing.reject(run, "first")
    assert transfer(Folder(here), Bucket(bucket, 60.0, server), ["lab-01"], Wanted()).sent == 3
    shutil.copytree(here, tmp_path / "other")
    other = tmp_path / "other" / "lab-01" / run.name
    standing.accept(other, "said meanwhile", ["a benchmark"])
    standing.reject(run, "said here", ["another"])
    words = [standing.path_of(each).read_bytes() for each in (run, other)]
    place, asked = f"/{bucket}/lab-01/{standing.path_of(run).name}", []

    def meanwhile(road, method, path, body):
        if path.partition("?")[0] == place:
            asked.append(method)
            if len(asked) == at + 1:
                put = ("PUT", place, words[1]) if does == "says a word" else ("DELETE", place)
                assert stores.request(server, *put) in (200, 204)
        return body

    with stores.road(server, meanwhile) as way:
        told = transfer(Folder(here), Bucket(bucket, 60.0, way.address), ["lab-01"], Wanted())
    assert len(asked) > at, "it came after all that was asked"
    assert told.conflicts == []
    transfer(
        Folder(here), Bucket(bucket, 60.0, server), ["lab-01"], Wanted()
    )  # what was put last of all is met by the next
    found = Bucket(bucket, 60.0, server).read("lab-01", standing.path_of(run).name, 2**20)
    for each in words if does == "says a word" else words[:1]:
        assert each == found or standing_file.digest_of(each) in standing_file.replaced_by(found)
