"""How a runtime is named, and what a name means: which release, on which Python, from where."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.measuring.progress import Silent
from autogauge.probe import environment as probe_environment
from autogauge.runtimes import disk, environment, named, prepared, releases, table
from autogauge.runtimes import reference as references
from autogauge.runtimes.environment import Base
from autogauge.tools import interpreters
from autogauge.tools.interpreters import own_version
from autogauge.tools.pips import Offered
from autogauge.tools.running import Deadline, ToolFailed
from tests import wheels
from tests.cases import each_of
from tests.properties import for_all

OTHER = "3.10" if own_version() != "3.10" else "3.11"


# Names.


@each_of(
    ("text", "full", "exact"),
    [
        ("2025.4", "2025.4.0", False),
        ("2025.4.0", "2025.4.0", True),
        ("2023.3", "2023.3.0", False),
        ("2026.5.0.dev20261101", "2026.5.0.dev20261101", True),
        ("2026.5.0-dev20261101", "2026.5.0.dev20261101", True),
        ("2026.1rc1", "2026.1.0rc1", True),
    ],
)
def test_one_release_has_one_name_in_full(text, full, exact):
    version = releases.version_of(text)
    assert releases.in_full(version) == full
    assert releases.is_exact(text) is exact
    assert releases.in_full(releases.version_of(full)) == full


@for_all(
    lambda st: (
        st.integers(2021, 2030),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(["", "rc1", ".dev20261101"]),
    )
)
def test_a_name_in_full_means_itself(year, number, patch, early):
    full = f"{year}.{number}.{patch}{early}"
    assert releases.matching(full, [full, f"{year}.{number}.{patch + 1}"]) == full
    assert environment.of_release(full, Base.own()).key == f"openvino-{full}-py{own_version()}"


@each_of("text", ["", "26.3", "2026", "2026.3.1.4", "v2026.3", "2026.3 ", "CPU", "2026.x", "2026.3+local"])
def test_what_is_no_release(text):
    assert releases.version_of(text) is None
    assert releases.matching(text, ["2026.3.0"]) is None


@each_of(
    ("text", "means"),
    [
        ("2025.4", "2025.4.1"),
        ("2025.4.0", "2025.4.0"),
        ("2026.5", None),
        ("2026.5.0.dev20261101", "2026.5.0.dev20261101"),
        ("2025.4.2", None),
        ("2023.0", "2023.0.10"),
    ],
)
def test_two_numbers_mean_the_newest_patch_and_three_that_very_one(text, means):
    versions = ["2025.4.0", "2025.4.1", "2026.5.0.dev20261101", "garbage", "2023.0.2", "2023.0.10", "2025.4.2rc1"]
    assert releases.matching(text, versions) == means


def test_a_release_from_before_the_api_is_one_sentence_and_not_among_all(cache, made):
    with pytest.raises(UserError, match=r"openvino 2021\.4\.2 has not the API that is measured: it came with 2022\.1"):
        prepare("2021.4.2", cache, Offers({own_version(): ["2021.4.2"]}))
    assert releases.thinned(["2021.4.2", "2022.1.0"]) == ["2022.1.0"]
    assert made == []


def test_all_is_the_first_and_the_last_patch_of_each():
    versions = ["2025.4.1", "2025.4.0", "2023.0.0", "2023.0.1", "2023.0.2", "2024.6.0", "2023.0"]
    assert releases.thinned(versions) == ["2023.0.0", "2023.0.2", "2024.6.0", "2025.4.0", "2025.4.1"]


@each_of(
    ("text", "pythons"),
    [
        ("2022.1", ["3.8", "3.9"]),
        ("2022.3.0", ["3.8", "3.9", "3.10"]),
        ("2023.3", ["3.8", "3.9", "3.10", "3.11"]),
        ("2025.4.1", ["3.10", "3.11", "3.12", "3.13", "3.14"]),
        ("1999.1", []),
    ],
)
def test_the_table_of_pythons_serves_where_the_index_cannot_be_asked(text, pythons):
    assert releases.pythons_by_table(text) == pythons


@for_all(lambda st: (st.text(max_size=40),))
def test_whatever_is_given_is_named_or_refused(text):
    with contextlib.suppress(UserError):
        named.parse(text, "--openvino")


def test_a_wheel_an_environment_and_its_python_are_told_apart(tmp_path):
    wheel = wheels.openvino(tmp_path, "2026.5.0.dev20261101", tags="cp311-cp311-linux_x86_64")
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    found = named.parse(str(wheel), "--openvino")
    assert (found.kind, found.release, found.place) == ("wheel", "2026.5.0.dev20261101", wheel)
    for place in (tmp_path / "env", python):
        assert named.parse(str(place), "--openvino").place == python
    assert named.parse("2025.4", "--openvino").kind == "release"


@each_of(
    ("name", "said"),
    [
        ("numpy-2.0.0-py3-none-any.whl", "a wheel of numpy, not of openvino"),
        ("openvino.whl", "does not have the name of a wheel"),
        ("openvino-2026.5.0-cp311-cp311-linux_x86_64.whl", "there is no file"),
        ("nothere.whl", "there is no file"),
        ("openvino-2026.5.1-cp311-cp311-linux_x86_64.whl", "is no file: give the wheel itself"),
    ],
)
def test_what_is_no_wheel_of_openvino_is_one_sentence(tmp_path, name, said):
    if "is no file:" in said:
        os.mkfifo(tmp_path / name)  # which nobody would ever read to its end
    elif "no file" not in said:
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=rf"{said}.*\(--openvino\)\.$"):
        named.parse(str(tmp_path / name), "--openvino")


@pytest.mark.parametrize("parse", [named.parse, references.parse])
def test_an_environment_whose_python_is_gone_says_so(tmp_path, parse):
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(tmp_path / "replaced" / "python3.11")
    for place in (tmp_path / "env", python):
        with pytest.raises(UserError, match=rf"^{python} leads to nothing: .*; make it anew .*\(--openvino\)\.$"):
            parse(str(place), "--openvino")


def test_an_empty_name_is_not_this_folder():
    with pytest.raises(UserError, match=r"^there is no '': give a release"):
        references.parse("", "A")


def test_a_wheel_of_another_name_in_the_same_file_is_the_same_entry(tmp_path):
    one = wheels.openvino(tmp_path / "a", "2026.5.0")
    two = wheels.openvino(tmp_path / "b", "2026.5.0")
    changed = wheels.openvino(tmp_path / "c", "2026.5.0", more="x = 1")
    keys = [environment.of_wheel(each, "2026.5.0", Base.own()).key for each in (one, two, changed)]
    assert keys[0] == keys[1] != keys[2]


# What a release means here.


class Offers(releases.Index):
    """An index that has these releases for these Pythons, or cannot be asked."""

    def __init__(self, by_python=None, error=None, unanswered=""):
        self.by_python, self.error, self.unanswered, self.asked = by_python or {}, error, unanswered, []

    def offers(self, python=None, *, early=False):
        self.asked.append(python)
        if self.error:
            raise ToolFailed(self.error)
        return Offered(tuple(self.by_python.get(python or own_version(), ())), self.unanswered)


class Heard(Silent):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def made(monkeypatch):
    """Nothing is installed; the keys of the entries that would be."""
    keys = []

    def installed(wanted, base, *_):
        keys.append(wanted.key)
        return environment.Installed(Path(f"/{base.version}/bin/python"), "2026.5.0-7-nightly")

    monkeypatch.setattr(environment, "installed", installed)
    monkeypatch.setattr(
        interpreters, "find", lambda version, *_, **__: Path(f"/python{version}") if version == OTHER else None
    )
    return keys


def prepare(text, cache, index, progress=None):
    return prepared.prepare(named.parse(text, "--openvino"), cache, progress or Silent(), "--openvino", index=index)


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def with_entry(cache, release, python):
    folder = cache.folder(environment.key_of(release, python))
    folder.mkdir(parents=True)


def test_a_release_is_the_newest_patch_that_the_index_offers_this_python(cache, made):
    offers = Offers({own_version(): ["2025.4.0", "2025.4.1"], OTHER: ["2025.4.2"]})
    runtime = prepare("2025.4", cache, offers)
    assert made == [f"openvino-2025.4.1-py{own_version()}"]
    assert (runtime.release, runtime.note) == ("2025.4.1", "2025.4 is openvino 2025.4.1")
    assert prepare("2025.4.0", cache, offers).note == ""
    assert made[1] == f"openvino-2025.4.0-py{own_version()}"


def test_a_release_that_is_in_the_cache_needs_no_index(cache, made):
    with_entry(cache, "2025.4.0", own_version())
    prepare("2025.4.0", cache, Offers(error="no network"))
    assert made == [f"openvino-2025.4.0-py{own_version()}"]


def test_a_release_that_this_python_cannot_have_runs_on_another_of_the_machine_and_says_so(cache, made):
    runtime = prepare("2022.3", cache, Offers({"3.9": ["2022.3.9"], OTHER: ["2022.3.0", "2022.3.1"]}))
    assert made == [f"openvino-2022.3.1-py{OTHER}"]
    assert runtime.python == f"/{OTHER}/bin/python"
    assert f"runs on Python {OTHER}, and this session on {own_version()}" in runtime.note


def test_a_release_for_pythons_that_are_not_here_says_which(cache, made):
    with pytest.raises(
        UserError, match=r"needs Python 3\.8 or 3\.9, this is .*: install one \(uv python install 3\.9"
    ) as caught:
        prepare("2022.1.0", cache, Offers({"3.9": ["2022.1.0"], "3.8": ["2022.1.0"]}))
    assert str(caught.value).endswith("(--openvino).")
    assert made == []


def test_a_release_that_is_not_there_is_one_sentence(cache, made):
    with pytest.raises(
        UserError, match=r"has no openvino 2031\.7 for this machine: for Python .* it has 2026\.4\.1 and older"
    ):
        prepare("2031.7", cache, Offers({own_version(): ["2026.4.1"]}))
    with pytest.raises(
        UserError, match=r"it has none for Python .*; name its index \(PIP_EXTRA_INDEX_URL=https://storage"
    ):
        prepare("2031.7.0.dev20310101", cache, Offers())
    assert made == []


def test_without_an_index_the_newest_patch_in_the_cache_is_taken_and_said(cache, made):
    for release in ("2025.4.0", "2025.4.1", "2025.3.0"):
        with_entry(cache, release, own_version())
    heard = Heard()
    prepare("2025.4", cache, Offers(error="nobody answers"), heard)
    assert made == [f"openvino-2025.4.1-py{own_version()}"]
    assert heard.lines == [
        "the package index cannot be asked (nobody answers): 2025.4.1 is the newest 2025.4 in the cache"
    ]


def test_what_an_older_autogauge_kept_under_a_short_name_is_not_taken(cache, made):
    with_entry(cache, "2025.3", own_version())
    with pytest.raises(UserError, match=r"openvino 2025\.3 is not in the cache"):
        prepare("2025.3", cache, Offers(error="nobody answers"))


def test_without_an_index_and_an_entry_it_is_one_sentence(cache, made):
    with pytest.raises(
        UserError, match="not in the cache, and the package index cannot be asked: nobody answers; check the network"
    ):
        prepare("2025.3", cache, Offers(error="nobody answers"))
    with pytest.raises(UserError, match=r"nobody answers; it needs Python 3\.8 or 3\.9, and this is"):
        prepare("2022.1", cache, Offers(error="nobody answers"))
    assert made == []


def test_a_part_of_the_index_that_does_not_answer_is_told(cache, made):
    heard = Heard()
    prepare("2025.4", cache, Offers({own_version(): ["2025.4.0"]}, unanswered="lab did not answer"), heard)
    assert heard.lines == ["a part of the package index gave no answer, and may have more: lab did not answer"]


def test_two_nightlies_are_told_apart_by_their_builds(cache, made):
    runtime = prepare("2026.5.0.dev20261101", cache, Offers({own_version(): ["2026.5.0.dev20261101"]}))
    assert runtime.release == "2026.5.0-7-nightly"


def test_all_asks_the_index_and_says_where_it_cannot(cache):
    offers = Offers({own_version(): ["2025.4.0", "2025.4.1", "2025.4.2", "2026.1.0"]})
    assert table.offered(offers, Silent(), "--openvino", cache) == ["2025.4.0", "2025.4.2", "2026.1.0"]
    for offers, said in (
        (Offers(error="nobody"), "cannot be asked: nobody"),
        (Offers(), "has no openvino for this Python"),
    ):
        with pytest.raises(UserError, match=said):
            table.offered(offers, Silent(), "--openvino", cache)


def test_without_an_index_all_is_what_the_cache_has_and_that_is_said(cache, monkeypatch):
    for release, python in (("2025.4.0", own_version()), ("2025.4.1", own_version()), ("2022.3.0", OTHER)):
        with_entry(cache, release, python)
    with_entry(cache, "2022.1.0", "3.8")
    monkeypatch.setattr(prepared, "base_of", lambda pythons: None if [*pythons] == ["3.8"] else Base.own())
    heard = Heard()
    found = table.offered(Offers(error="nobody answers"), heard, "--openvino", cache)
    assert found == ["2022.3.0", "2025.4.0", "2025.4.1"], "of Pythons that this machine has"
    assert heard.lines == [
        "the package index cannot be asked (nobody answers): all releases are the 3 in the cache, 2022.3.0, 2025.4.0, 2025.4.1"
    ]


def test_an_environment_that_another_session_has_come_to_use_is_not_taken_away_after_it_was_tried(cache, monkeypatch):
    key = environment.key_of("2025.4.0", own_version())
    monkeypatch.setattr(table.disk, "require", lambda *_: None)
    monkeypatch.setattr(table.tiny, "paths", lambda _: {table.MODEL: Path("relu.xml")})
    held = []

    def asked(row, named, model, cache, *_):
        with_entry(cache, row.name, own_version())
        (cache.folder(key) / "manifest.json").touch()
        if is_used:
            held.append(cache.use(cache.folder(key) / "manifest.json"))
        return row

    monkeypatch.setattr(table, "_asked", asked)
    row = table.Row("2025.4.0", (own_version(),), own_version())
    for is_used in (True, False):
        heard = Heard()
        assert [*table.tried([row], cache, heard, "--try", None)] == [row]
        assert cache.folder(key).exists() is is_used
        assert [line.partition(" by ")[0] for line in heard.lines] == (
            ["openvino 2025.4.0 stays in the cache: it is in use"] if is_used else []
        )
        for each in held:
            each.end()
        cache.remove(cache.folder(key))


@pytest.mark.parametrize("tags", ["cp36-cp36m-linux_x86_64", f"cp{own_version().replace('.', '')}-none-win_amd64"])
def test_a_wheel_for_another_machine_is_one_sentence(cache, made, tmp_path, tags):
    wheel = wheels.openvino(tmp_path, "2026.5.0", tags=tags)
    with pytest.raises(UserError, match="was made for another machine than this one"):
        prepare(str(wheel), cache, Offers())


def test_a_wheel_for_another_python_runs_on_that(cache, made, tmp_path):
    wheel = wheels.openvino(tmp_path, "2026.5.0", tags=f"cp{OTHER.replace('.', '')}-none-any")
    assert prepare(str(wheel), cache, Offers()).python == f"/{OTHER}/bin/python"
    (key,) = made
    assert key.startswith("openvino-2026.5.0-wheel-")
    assert key.endswith(f"-py{OTHER}")


# Archives.


def archive(
    folder, *, version="2025.4.1-20426-abc", bindings=("openvino/_pyopenvino.cpython-311-x86_64-linux-gnu.so",)
):
    files = ["setupvars.sh", "runtime/lib/intel64/libopenvino.so", "runtime/lib/intel64/libopenvino.so.2541"]
    files += ["runtime/3rdparty/tbb/lib/libtbb.so.12", *(f"python/{each}" for each in bindings)]
    for each in files:
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / each).touch()
    (folder / "runtime" / "version.txt").write_text(f"{version}\n")
    (folder / "python" / "requirements.txt").parent.mkdir(exist_ok=True)
    (folder / "python" / "requirements.txt").write_text(
        "# needed\nnumpy >=1.16.6, <2.4.0  # for now\nopenvino-telemetry\n"
    )
    return folder


def tagged(python):
    return f"_pyopenvino.cpython-{python.replace('.', '')}-x86_64-linux-gnu.so"


@pytest.mark.parametrize("named_by", ["its folder", "its setupvars.sh"])
def test_an_archive_runs_by_what_its_setupvars_would_set(cache, made, tmp_path, named_by):
    place = archive(tmp_path / "openvino", bindings=[f"openvino/{tagged(own_version())}"])
    runtime = prepare(str(place if named_by == "its folder" else place / "setupvars.sh"), cache, Offers())
    assert dict(runtime.variables) == {
        "PYTHONPATH": str(place / "python"),
        "LD_LIBRARY_PATH": os.pathsep.join(
            [str(place / "runtime/lib/intel64"), str(place / "runtime/3rdparty/tbb/lib")]
        ),
    }
    assert runtime.release == "2025.4.1"
    assert runtime.within[0] == str(place)
    assert made == [environment.of_numpy("numpy<2.4.0,>=1.16.6", Base.own()).key]


def test_an_archive_of_2022_has_a_folder_for_each_python(cache, made, tmp_path):
    place = archive(
        tmp_path / "openvino", version="2022.3.0-9052-x", bindings=[f"python{OTHER}/openvino/py{tagged(OTHER)[3:]}"]
    )
    runtime = prepare(str(place), cache, Offers())
    assert dict(runtime.variables)["PYTHONPATH"] == str(place / "python" / f"python{OTHER}")
    assert runtime.python == f"/{OTHER}/bin/python"


@each_of(
    ("remove", "said"),
    [
        ("runtime/lib/intel64/libopenvino.so*", r"no runtime/lib with libopenvino\.so: unpack the whole archive"),
        ("python/openvino/*", r"has no openvino for Python \(python/openvino\)"),
        ("setupvars.sh", "is no virtual environment and no unpacked archive|there is no runtime"),
    ],
)
def test_what_an_archive_lacks_is_said(cache, made, tmp_path, remove, said):
    place = archive(tmp_path / "openvino")
    for each in place.glob(remove):
        each.unlink()
    with pytest.raises(UserError, match=said):
        prepare(str(place), cache, Offers())


def test_an_archive_for_pythons_that_are_not_here_says_which(cache, made, tmp_path):
    place = archive(tmp_path / "openvino", bindings=[f"openvino/{tagged('3.8')}", f"openvino/{tagged('3.9')}"])
    with pytest.raises(UserError, match=r"needs Python 3\.8 or 3\.9"):
        prepare(str(place), cache, Offers())


def test_an_archive_whose_name_the_linker_cannot_take_is_one_sentence(cache, made, tmp_path):
    with pytest.raises(UserError, match="the linker would look in two others"):
        prepare(str(archive(tmp_path / "open:vino")), cache, Offers())


def test_an_old_archive_is_one_sentence(cache, made, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setupvars.sh").touch()
    with pytest.raises(UserError, match=r"as OpenVINO had before 2022"):
        prepare(str(tmp_path), cache, Offers())


def test_what_an_archive_sets_comes_before_what_a_clean_environment_keeps(tmp_path):
    (tmp_path / "libpython3.11.so.1.0").touch()
    clean = probe_environment.clean({"LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": "/elsewhere", "HOME": "/me"})
    found = probe_environment.with_more(clean, {"PYTHONPATH": "/ov/python", "LD_LIBRARY_PATH": "/ov/lib"})
    assert found["PYTHONPATH"] == "/ov/python"
    assert found["LD_LIBRARY_PATH"] == f"/ov/lib{os.pathsep}{tmp_path}"
    assert found["HOME"] == "/me"


# Room on the disk.


def test_what_does_not_fit_on_the_disk_is_said_in_mb_before_anything_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("", (), {"free": 100 * 10**6})())
    with pytest.raises(UserError, match=r"openvino 2026\.4\.1 takes about \d+ MB, and the disk of .* has 100 MB free"):
        disk.require(tmp_path / "not" / "yet", ["2026.4.1"])
    with pytest.raises(UserError, match=r"3 environments take about \d{4} MB"):
        disk.require(tmp_path, ["2026.4.1", "2026.3.0", "2031.1.0"])
    with pytest.raises(UserError, match=r"has 100 MB free: free some, .* \(--openvino\)|--cache=DIR"):
        environment.installed(
            environment.of_release("2026.4.1", Base.own()),
            Base.own(),
            Cache(tmp_path / "cache"),
            Silent(),
            "--openvino",
        )
    assert Cache(tmp_path / "cache").entries() == []


def test_room_is_asked_for_all_that_is_not_there_once(cache, made, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(disk, "require", lambda folder, versions, *_: asked.append(versions))
    with_entry(cache, "2024.6.0", own_version())
    texts = [
        "2024.6.0",
        "2025.4",
        "2025.4.1",
        "2026.1.0",
        str(archive(tmp_path / "ov", bindings=[f"openvino/{tagged(own_version())}"])),
    ]
    several = [named.parse(each, "--openvino") for each in texts]
    offers = Offers({own_version(): ["2025.4.0", "2025.4.1", "2026.1.0"]})
    prepared.require_room(several, cache, Silent(), "--openvino", offers)
    assert asked == [["2025.4.1", "2026.1.0", ""]]
    assert made == []
    with pytest.raises(UserError, match=r"has no openvino 2031\.7"):
        prepared.require_room([named.parse("2031.7", "--openvino")], cache, Silent(), "--openvino", offers)


def test_an_interpreter_is_found_where_its_manager_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setattr(interpreters, "_SYSTEM", ())
    place = tmp_path / "uv" / "cpython-3.5.1-linux" / "bin"
    place.mkdir(parents=True)
    (place / "python3.5").touch()
    assert [*interpreters.candidates("3.5")] == [place / "python3.5"]
    program = place / "python3.5"
    program.write_text("#!/bin/sh\necho 3.5 cpython True\n")
    program.chmod(0o755)
    assert interpreters.find("3.5", Deadline(10)) == program
    program.chmod(0o777)
    assert interpreters.find("3.5", Deadline(10)) is None, "everybody may have changed it"
    assert next(interpreters.candidates(own_version())) == Path(getattr(sys, "_base_executable", sys.executable))
