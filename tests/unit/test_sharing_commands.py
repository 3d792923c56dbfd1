"""``history push`` and ``history pull`` between folders, as a user types them: what they print, and how they end."""

import json

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import pruned, standing, store
from autogauge.history.sharing.address import _refuse_secrets, place_of
from autogauge.history.sharing.folder import Folder
from autogauge.history.standing_file import Standing
from tests import histories
from tests.cases import each_of
from tests.properties import for_all


@pytest.fixture
def here(tmp_path):
    for machine, runs in (("lab-01", 2), ("lab-02", 1)):
        for number in range(runs):
            histories.save(
                tmp_path / "here" / machine,
                {histories.LATENCY: 0.01},
                machine=machine,
                days=number,
                openvino=f"2026.{number}.0",
            )
    return tmp_path / "here"


@pytest.fixture
def run(tmp_path, here):
    """A command with the history ``here``: its exit status, and what it printed or its sentence."""

    def run(*words, history=here):
        done = CliRunner().invoke(
            app, ["history", *map(str, words), f"--history={history}", f"--cache={tmp_path / 'cache'}"]
        )
        if isinstance(done.exception, UserError):
            return 2, str(done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run


def test_a_push_says_what_it_did_and_a_second_one_that_there_was_nothing_to_do(run, tmp_path):
    there = tmp_path / "there"
    assert run("push", there) == (2, f"there is no history at {there}: check the address, or begin one there (--new).")
    assert run("push", there, "--new", "--dry-run") == (
        0,
        f"{there}: 3 runs would be sent, 0 there already\n  sent by machine: lab-01 2, lab-02 1\n",
    )
    assert not there.exists()
    assert run("push", there, "--new")[1].startswith(f"{there}: 3 runs sent, 0 there already\n")
    assert run("push", there) == (0, f"{there}: 0 runs sent, 3 there already\n")


def test_a_part_is_named_by_machine_and_by_filters(run, tmp_path):
    there = tmp_path / "there"
    assert "1 run sent" in run("push", there, "--new", "--machine=lab-01", "--where=openvino=2026.1")[1]
    assert [each.name[:4] for each in store.runs(there / "lab-01")] == ["0002"]
    assert "1 run sent" in run("push", there, "--machine=*-02")[1]
    assert "1 run sent, 1 there already" in run("push", there, "--where=machine=lab-01 last=2")[1]


def test_the_last_runs_of_a_machine_are_counted_among_its_own(run, tmp_path, here):
    histories.save(here / "lab-02", {histories.LATENCY: 0.01}, machine="lab-02", days=9)
    assert "1 run sent" in run("push", tmp_path / "there", "--new", "--machine=lab-01", "--where=last=1")[1]
    assert [each.name[:4] for each in store.runs(tmp_path / "there" / "lab-01")] == ["0002"]


def test_one_machines_own_folder_is_sent_by_its_name(run, tmp_path, here):
    assert "2 runs sent" in run("push", tmp_path / "there", "--new", history=here / "lab-01")[1]
    assert [each.name for each in (tmp_path / "there").iterdir()] == ["lab-01"]
    assert run("push", tmp_path / "there", history=here / "lab-01") == (
        0,
        f"{tmp_path / 'there'}: 0 runs sent, 2 there already\n",
    )
    assert "1 run sent, 2 there already" in run("push", tmp_path / "there")[1]


def test_a_pull_brings_what_others_pushed_and_json_has_it_all(run, tmp_path, here):
    status, said = run("pull", here, "--json", history=tmp_path / "mine")
    assert status == 0
    assert json.loads(said) == {
        "sent": 3,
        "there": 0,
        "pruned": 0,
        "kept_back": 0,
        "standings": 0,
        "newer_there": 0,
        "samples": 0,
        "dry_run": False,
        "machines": {"lab-01": 2, "lab-02": 1},
        "conflicts": [],
        "notes": [],
    }
    standing.reject(store.runs(here / "lab-02")[0], "the fan was broken")
    assert run("pull", here, history=tmp_path / "mine") == (
        0,
        f"{here}: 0 runs fetched, 3 here already, 1 standing updated\n",
    )
    assert standing.read(store.runs(tmp_path / "mine" / "lab-02")[0]).standing is Standing.QUARANTINED


def test_what_is_kept_back_is_exit_status_1(run, tmp_path):
    histories.save(tmp_path / "there" / "lab-01", {histories.LATENCY: 0.5})
    status, said = run("push", tmp_path / "there")
    assert status == 1
    assert f"{tmp_path / 'there'}: 1 run sent, 0 there already, 2 kept back\nKEPT BACK  lab-01: " in said
    assert run("push", tmp_path / "there", "--machine=lab-01", "--as=lab-01-b")[0] == 0
    assert run("push", tmp_path / "there", "--machine=lab-01", "--as=../x")[0] == 2
    assert run("push", tmp_path / "there", "--as=lab-01-b")[0] == 2, "of two machines"


def test_a_mistake_is_one_sentence(run, tmp_path, here):
    for words, why in (
        (["push", here], "are the same folder"),
        (["push", here / "lab-01"], "one machine's own folder"),
        (["push", tmp_path / "there", "--new", "--machine=lab-9"], "there is no machine 'lab-9'"),
        (["push", tmp_path / "there", "--new", "--where=nonsense"], "is no filter"),
        (["push", tmp_path, "--endpoint=http://x"], "an endpoint is for s3://"),
        (["pull", tmp_path / "nowhere"], "there is no history at"),
    ):
        status, said = run(*words)
        assert (status, why in said) == (2, True), said
    assert not (tmp_path / "there").exists()
    status, said = run("push", tmp_path, history=tmp_path / "nowhere")
    assert (status, "there is no folder" in said) == (2, True)


def test_filters_that_no_run_passes_are_a_mistake(run, tmp_path, here):
    there = tmp_path / "there"
    for words in ([], ["--dry-run"]):
        status, said = run("push", there, "--new", "--where=openvino=1999", *words)
        assert (status, said) == (2, f"no run in {here} passes the filters: check them (--where).")
    status, said = run("push", there, "--new", "--machine=lab-02", "--where=machine=lab-01")
    assert (status, said) == (2, f"no run of lab-02 in {here} passes the filters: check them (--where).")
    assert not there.exists()
    (here / "lab-02" / "0002_x.json").write_text("no run")
    assert "passes the filters, and 1 run cannot be read: check" in run("pull", here, "--where=run=9", history=there)[1]


@pytest.mark.parametrize("of_now", ["since=2999-01-01", "until=1999-01-01", "standing=quarantined"])
def test_a_night_without_a_run_is_no_mistake_beside_other_filters_that_fit(run, tmp_path, here, of_now):
    there = tmp_path / "there"
    status, said = run("push", there, "--new", f"--where={of_now}")
    assert (status, "passes the filters now" in said) == (0, True)
    status, said = run("push", there, "--new", f"--where={of_now} openvino=1999")
    assert (status, "check them (--where)" in said) == (2, True)


def test_a_standing_that_there_is_not_is_no_night_without_a_run(run, tmp_path):
    """Sent from cron it would send nothing every night, with exit status 0."""
    status, said = run("push", tmp_path / "there", "--new", "--where=standing=acepted")
    assert (status, said.startswith("'standing=acepted' fits no standing: there is accepted, ")) == (2, True)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("name", ["  ", " lab", "lab ", "new\nline", "a\tb", "\x1b[31m"])
def test_a_name_at_the_receiver_is_one_that_can_be_typed_again(run, tmp_path, name):
    status, said = run("push", tmp_path / "there", "--new", "--machine=lab-01", f"--as={name}")
    assert (status, "give a plain name (--as=NAME)" in said) == (2, True)
    assert not (tmp_path / "there").exists()


def test_a_machine_is_meant_by_its_name_whatever_signs_it_has(run, tmp_path, here):
    for name in ("[x]", "x", "lab-0?", "lab-[!0]1"):
        histories.save(here / name, {histories.LATENCY: 0.01}, machine=name)
    for number, name in enumerate(("[x]", "lab-0?", "lab-[!0]1")):
        there = tmp_path / f"there {number}"
        assert "1 run sent" in run("push", there, "--new", f"--machine={name}")[1]
        assert [each.name for each in there.iterdir()] == [name]
    for number, name in enumerate(("[x]", "lab-[!0]1")):
        where = ("--where", f"'machine={name}' run=1")
        assert "1 run sent" in run("push", tmp_path / f"other {number}", "--new", *where)[1]
    assert run("push", tmp_path / "there 9", "--new", "--machine=lab-[9]")[0] == 2


def test_links_to_one_folder_are_one_machine_wherever_it_lies(run, tmp_path, here):
    (here / "lab-02").rename(tmp_path / "elsewhere")
    for name in ("lab-02", "lab-02-again"):
        (here / name).symlink_to(tmp_path / "elsewhere")
    there = tmp_path / "there"
    status, said = run("push", there, "--new")
    assert (status, "3 runs sent, 0 there already" in said) == (0, True)
    left_out = f"NOTE  left out: {here}/lab-02-again is a link to {here}/lab-02, whose runs are counted there"
    assert left_out in said
    assert sorted(each.name for each in there.iterdir()) == ["lab-01", "lab-02"]


@each_of(
    "text, why",
    [
        ("ssh://user:word@host/path", "there are credentials in the address"),
        ("ssh://host", "names no folder on a host"),
        ("ssh:///path", "names no folder on a host"),
        ("ssh://host:none/path", "is no port"),
        ("ssh://user@host:word/path", "is no port"),
        ("ssh://user%3Aword@host/path", "there are credentials in the address"),
        ("ssh://user@host/path?password=word", "there are credentials in the address"),
        ("ssh://user@host/path%3Ftoken%3Dword", "there are credentials in the address"),
        ("s3://bucket/p?aws_secret=word", "there are credentials in the address"),
        ("s3://AKIA:word/p", "there are credentials in the address"),
        ("s3://AKIA%3Aword/p", "there are credentials in the address"),
        ("user@host:/path", "another host is written ssh://"),
        ("s3://", "names no bucket"),
        ("s3://key:word@bucket/x", "there are credentials in the address"),
        ("ftp://host/x", "of a kind that is not known"),
    ],
)
def test_an_address_that_is_none_is_told_without_a_connection(text, why):
    with pytest.raises(UserError, match=why) as told:
        place_of(text)
    assert "word" not in str(told.value)


def test_what_only_looks_like_a_secret_is_an_address():
    for text in ("ssh://user%40corp@h/p", "ssh://h/what?/monkey=1", "s3://bucket/keys/token", "s3://bucket/p?lab=one"):
        _refuse_secrets(text, "the address")


@pytest.mark.parametrize("text", ["ssh://nobody@127.0.0.1:9/path", "s3://bucket/x"])
def test_a_package_that_is_not_installed_is_one_sentence(monkeypatch, text):
    for name in ("s3fs", "sshfs"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(UserError, match=r"pip install -r requirements-lab\.txt"):
        place_of(text)


@for_all(
    lambda st: (
        st.sampled_from(["ssh", "sftp", "s3", "gs", "file", "https", "S3", ""]),
        st.text(alphabet="@/?#%:&=[] é☃+2F\\", max_size=4),
        st.booleans(),
    )
)
def test_no_address_shows_its_password(scheme, signs, as_endpoint):
    secret = "hunter2"
    user = f"me:{secret}{signs}{secret}@host"
    text, endpoint = (f"{scheme}://{user}/path" if scheme else f"{user}:/path"), ""
    if as_endpoint:
        text, endpoint = "s3://lab/history", f"https://{user}/"
    with pytest.raises(UserError) as caught:
        place_of(text, endpoint=endpoint)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("text", ["s3://AKIAX:abc/hunter2@bucket/p", "ssh://perf:pa/hunter2@host/x", "gs://hunter2@b"])
def test_a_password_with_a_slash_is_not_printed(text):
    with pytest.raises(UserError, match="credentials") as caught:
        place_of(text)
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def meanwhile(monkeypatch):
    """``meanwhile(names)``: these are pruned at the receiver when it is listed, and before anything is put there."""

    def prune(*names):
        adding = Folder.adding

        def later(folder, machine):
            folder.folder(machine).mkdir(parents=True, exist_ok=True)
            pruned.write(folder.folder(machine), names)
            return adding(folder, machine)

        monkeypatch.setattr(Folder, "adding", later)

    return prune


@pytest.mark.parametrize("is_before", [True, False])
def test_a_number_that_was_pruned_means_no_other_run_later(run, tmp_path, here, meanwhile, is_before):
    """Reports and messages name it: at the receiver as well, whichever machine gives the number."""
    there = tmp_path / "there"
    histories.save(here / "lab-01", {histories.LATENCY: 0.01}, machine="lab-01", days=5)
    assert run("push", there, "--new")[0] == 0
    gone = store.runs(there / "lab-01")[1]
    gone.unlink()
    other = here / "lab-01" / gone.name.replace("ffffffff", "aaaaaaaa")
    (here / "lab-01" / gone.name).rename(other)
    if is_before:
        pruned.write(there / "lab-01", [gone.name])
        said = (
            f"run 0002 is {other.name} here, and was {gone.name} there until that was pruned: these are two histories"
        )
    else:
        meanwhile(gone.name)
        said = f"lab-01/0002 was not sent: another run has that number now, {gone.name}"
    status, told = run("push", there)
    assert (status, said in " ".join(told.split())) == (1, True), told
    assert not (there / "lab-01" / other.name).exists()
    assert run("push", there, "--machine=lab-01", "--as=lab-01-b")[0] == (0 if is_before else 1)


def test_a_run_that_is_pruned_while_others_travel_is_not_brought_back(run, tmp_path, here, meanwhile):
    meanwhile(store.runs(here / "lab-01")[0].name)
    assert (
        "1 run sent, 0 there already, 1 pruned there" in run("push", tmp_path / "there", "--new", "--machine=lab-01")[1]
    )
