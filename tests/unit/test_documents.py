"""README and the pages in docs/: links lead somewhere, options and files named are there, quoted figures are those of the kept tables."""

import functools
import re
import runpy
import shlex
import subprocess
from types import SimpleNamespace

import typer.main

from autogauge import studies
from autogauge.cli.main import app
from autogauge.history import recorded
from autogauge.options import OPTIONS
from autogauge.report import told
from benchmarks.calibration import __main__ as calibration
from benchmarks.calibration import data
from tests.cases import each_of
from tests.support import ROOT

PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks/README.md", ROOT / "reports/README.md"]
)
DEVELOPERS = {"architecture.md"}
"""Pages that may name modules; the others speak of what a user sees."""
OF_OTHERS = {
    *(
        "--dist",
        "--noconftest",
        "--tx",
        "--junitxml",
        "--benchmark-quiet",
        "--ignore",
        "--benchmark-disable",
        "--benchmark-only",
        "--benchmark-cprofile",
        "--collect-only",
        "--forked",
    ),  # pytest's and its plugins'
    *("--storage", "--adapter", "--body-file", "--volume", "--no-deps", "--quiet", "--save"),  # other programs'
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
CODE = re.compile(r"^```.*?^```|(?:^ {4,}[^\n]*\n)+|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def text_of(page):
    return page.read_text(encoding="utf-8")


def named(page):
    return str(page.relative_to(ROOT))


each_page = each_of("page", PAGES, ids=named)


# Links.


def prose_of(page):
    """The page without its code, in which brackets are no links."""
    return CODE.sub("``", text_of(page))


def anchors(page):
    """What GitHub makes of a page's headings."""
    found = []
    for title in re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text_of(page), flags=re.M | re.S), flags=re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        again = sum(each == slug or each.startswith(f"{slug}-") for each in found)
        found.append(f"{slug}-{again}" if slug in found else slug)
    return found


def broken_links(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@each_page
def test_each_link_of_a_page_leads_somewhere(page):
    assert not list(broken_links(page))


def test_a_link_that_leads_nowhere_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# What? A title's name\n[a](page.md#what-a-titles-name) [b](#nothing) [c](other.md) [d](https://e.org)\n`[e](f)`\n"
    )
    assert list(broken_links(page)) == ["#nothing", "other.md"]


def test_each_page_is_reached_from_the_readme():
    linked = set(re.findall(r"\]\(([^)#\s]+)", text_of(ROOT / "README.md")))
    assert {named(page) for page in PAGES} - linked == {"README.md"}


@each_page
def test_a_page_has_one_title_and_says_first_what_it_answers(page):
    lines = text_of(page).splitlines()
    assert lines[0].startswith("# ")
    assert (
        sum(line.startswith("# ") for line in re.sub(r"^```.*?^```", "", text_of(page), flags=re.M | re.S).splitlines())
        == 1
    )
    assert any(len(line) > 40 and line[0] not in "[|#!" for line in lines[1:5]), (
        "its first five lines say what it answers"
    )


def test_each_page_that_the_code_names_is_there():
    folders = ("autogauge", "fixtures", "tests", "benchmarks", ".ci")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".c", ""} and path.is_file()
    ]
    files += [*ROOT.glob("*.txt"), *ROOT.glob("*.ini"), *ROOT.glob("*.toml"), ROOT / "conftest.py"]
    assert len(files) > 100
    named_pages = {name for path in files for name in re.findall(r"docs/[\w-]+\.md", path.read_text(errors="replace"))}
    assert {name for name in named_pages if not (ROOT / name).exists()} == set()


MOST_WORDS = 40


def sentences(page):
    """The sentences of a page's paragraphs and lists, each code a word; tables and titles are left out."""
    prose = re.sub(r"^(?:\||#|!).*$", "", CODE.sub("X", text_of(page)), flags=re.MULTILINE)
    for piece in re.split(r"\n\s*\n|\n(?=\s*(?:-|\d+\.) )", re.sub(r"\]\([^)]*\)", "]", prose)):
        yield from re.split(r"(?<=[.!?:;]) +", " ".join(piece.split()))


@each_page
def test_no_sentence_is_too_long_to_be_read_aloud(page):
    assert [each for each in sentences(page) if len(each.split()) > MOST_WORDS] == []


# What a page names is there.


@functools.cache
def options_of_a_run():
    declared = set()

    class Parser:
        def getgroup(self, *_):
            return self

        def addoption(self, *names, **_):
            declared.update(name for name in names if isinstance(name, str))

        def addini(self, *_):
            pass

    nothing_beside = SimpleNamespace(get_plugin=lambda name: None, is_registered=lambda plugin: True)
    runpy.run_path(str(ROOT / "conftest.py"))["pytest_addoption"](Parser(), nothing_beside)
    return frozenset(declared)


def commands(group, *path):
    """Each command of a command line by its words, with its options."""
    yield path, {name for each in group.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    for name, each in getattr(group, "commands", {}).items():
        yield from commands(each, *path, name)


@functools.cache
def autogauge_commands():
    return dict(commands(typer.main.get_command(app)))


@functools.cache
def calibration_commands():
    return dict(commands(typer.main.get_command(calibration.app)))


@functools.cache
def options_of_a_script(name):
    return frozenset(OPTION.findall((ROOT / "benchmarks" / name).read_text())) | {"--help"}


def lines_of_code(page):
    """Each command line that a page shows, in a block or within a sentence."""
    for piece in CODE.findall(text_of(page)):
        joined = re.sub(r"\\\n|(?<=>)\n\s+", " ", piece.strip("`"))
        for line in joined.splitlines():
            yield from re.split(r" && | \| |; ", line.partition(" # ")[0])


def words_of(line):
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def unknown(line):
    """What a command line asks for that is not there."""
    words = words_of(line)
    used = {each for word in words for each in OPTION.findall(word.partition("=")[0])}
    if "autogauge" in words and words[words.index("autogauge") - 1] == "-m":
        return unknown_to(autogauge_commands(), words[words.index("autogauge") + 1 :], used)
    if words and (
        words[0] == "autogauge" or words[0].endswith("bin/autogauge")
    ):  # an installed copy's; pytest's words come behind --
        words = words[1 : words.index("--")] if "--" in words else words[1:]
        return unknown_to(
            autogauge_commands(), words, {each for word in words for each in OPTION.findall(word.partition("=")[0])}
        )
    if "benchmarks.calibration" in words:
        return unknown_to(calibration_commands(), words[words.index("benchmarks.calibration") + 1 :], used)
    script = next(
        (word.removeprefix("benchmarks/") for word in words if re.fullmatch(r"benchmarks/\w+\.py", word)), None
    )
    if script:
        return used - options_of_a_script(script) if (ROOT / "benchmarks" / script).exists() else {script}
    if any(word == "pytest" or word.endswith("/pytest") for word in words):
        return used - options_of_a_run() - OF_OTHERS - {"--help"}
    return set()


def unknown_to(known, words, used):
    path = ()
    for word in words:
        if (*path, word) not in known:
            break
        path = (*path, word)
    if not path and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return {words[0]}
    return used - known[path]


@each_page
def test_each_command_that_a_page_shows_is_there_with_its_options(page):
    assert {line: found for line in lines_of_code(page) if (found := unknown(line))} == {}


@each_of(
    ("line", "found"),
    [
        ("python -m autogauge compare a b --markdwn", {"--markdwn"}),
        ("python -m autogauge conpare a b", {"conpare"}),
        (".venv/bin/pytest -m perf --profil=quick", {"--profil"}),
        ("python benchmarks/share_of_bound.py --drivrs", {"--drivrs"}),
        ("python -m benchmarks.calibration table --rns=2", {"--rns"}),
        (".venv/bin/python -m autogauge history export runs.parquet", set()),
    ],
)
def test_a_command_that_is_not_there_is_seen(line, found):
    assert unknown(line) == found


@each_page
def test_each_option_that_a_page_names_is_somebodys(page):
    known = {*options_of_a_run(), *OF_OTHERS}
    for group in (autogauge_commands(), calibration_commands()):
        known.update(*group.values())
    for script in (ROOT / "benchmarks").glob("*.py"):
        known |= options_of_a_script(script.name)
    assert {each for piece in CODE.findall(text_of(page)) for each in OPTION.findall(piece)} - known == set()


@each_page
def test_each_file_that_a_page_names_is_there(page):
    mentioned = re.findall(
        r"`((?:autogauge|benchmarks|docs|fixtures|tests|requirements)[\w/-]*(?:\.py|\.c|\.txt|\.md|omz\.lock))`",
        text_of(page),
    )
    assert [each for each in mentioned if not (ROOT / each).exists()] == []


@each_page
def test_a_page_for_users_names_no_module(page):
    if page.name not in DEVELOPERS:
        assert re.findall(r"`autogauge/[\w/.]+`", text_of(page)) == []


@each_page
def test_each_variable_of_the_environment_that_a_page_names_is_read(page):
    asked = set(re.findall(r"AUTOGAUGE_[A-Z_]+", text_of(page)))
    sources = [*(ROOT / "autogauge").rglob("*.py"), *(ROOT / "fixtures").rglob("*.py")] if asked else []
    read = {name for path in sources for name in re.findall(r"AUTOGAUGE_[A-Z_]+", path.read_text())}
    read |= {option.variable for option in OPTIONS.values()}
    assert asked - read == set()


# The README.


def command_of(title):
    """The command below a heading of the README, by the very line with which CI takes it."""
    (function,) = (
        line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("readme_command()")
    )
    words = ["bash", "-euc", f'{function}; readme_command "$1"', "bash", title]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout


def test_the_readme_has_both_commands_with_all_their_set_up():
    for title, requirements, asks in (
        ("Measure", "requirements.txt", "pytest -m perf"),
        ("Run the tests", "requirements-dev.txt", "pytest"),
    ):
        (line,) = command_of(title).splitlines()
        assert line == f"python3 -m venv .venv && .venv/bin/pip install --quiet -r {requirements} && .venv/bin/{asks}"


def test_the_readme_is_short():
    text = text_of(ROOT / "README.md")
    assert len(text.splitlines()) <= 160
    assert len(text.encode()) <= 10_240


def test_the_readmes_first_screen_leads_to_what_a_newcomer_asks():
    screen = "\n".join(text_of(ROOT / "README.md").splitlines()[:40])
    for word in ("pytest -m perf", "PASS", "No GPU?", "In CI", "releases", "verdict", "own model", "own claims"):
        assert word in screen


# The files of a run.


def test_each_key_of_a_summary_stands_on_the_page_of_the_files_and_no_other():
    page = text_of(ROOT / "reports/README.md").partition("## summary.json")[2].partition("### ")[0]
    rows = re.findall(r"^\| (`.*?) \|", page, re.M)
    told_of = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    (version,) = re.findall(r"^\| `schema_version` \| (\d+);", page, re.M)
    summary = told.summarize(recorded.of_file(ROOT / "tests/data/run.json"))
    assert told_of == summary.keys()
    assert int(version) == summary["schema_version"]


# Figures.


def test_how_long_the_page_on_verdicts_says_is_measured_is_what_the_studies_ask_for():
    rows = dict(re.findall(r"^\| (quick|standard|lab) (\|.*)$", text_of(ROOT / "docs/verdicts.md"), re.M))
    assert len(rows) == 3
    asked = [
        (profile, plan)
        for study in studies.every()
        for plans in (getattr(study, "with_accelerator", {}), {name: each.plan for name, each in study.amounts.items()})
        for profile, plan in plans.items()
        if len(plan.looks) > 1
    ]
    assert len(asked) >= 7
    for profile, plan in asked:
        looks = ", ".join(map(str, plan.looks))
        assert f"| {looks} | {plan.budget_s:g} s |" in rows[profile], profile


KEPT = data.FOLDER / "table.txt"


def kept_rows():
    """Each row of the kept table by recording, noise, benchmarks and rule: its cells by the column's name."""
    rows, title, ends = {}, "", {}
    for line in KEPT.read_text().splitlines():
        if ", noise: " in line:
            recording, _, noise = line.partition(" (")[0].partition(", noise: ")
            title = (recording, noise)
        elif line.startswith(" benchmarks "):
            ends = {name: line.index(name) + len(name) for name in re.split(r" {2,}", line.strip())}
            starts = {name: line.index(name) for name in ("benchmarks", "rule")}
        elif re.match(r" (LATENCY|THROUGHPUT|fil|all) ", line) and ends:
            cells = {"benchmarks": line[starts["benchmarks"] : starts["rule"]].strip()}
            before = ends["rule"]
            names = list(ends)[2:]
            rule = line[starts["rule"] :].split("   ")[0].strip()
            for name in names:
                cells[name] = (
                    line[before : ends[name]].strip().removeprefix(rule[before - starts["rule"] :].strip()).strip()
                )
                before = ends[name]
            rows[(*title, cells["benchmarks"], rule)] = cells
    return rows


def test_the_gates_page_quotes_the_kept_table():
    rows = kept_rows()
    assert len({key[:2] for key in rows}) == 6
    quoted = re.findall(
        r"^\| ([^|]+) \| ([^|]*)\| ([\d.]+ %) \| ([\d.]+ %) \| ([\d.]+) \|$",
        text_of(ROOT / "docs/gate.md"),
        re.MULTILINE,
    )
    assert len(quoted) == 8
    for rule, alarms, five, ten, seconds in quoted:
        row = rows["two-cores-xeon-relayed-2026-11-25", "drift", "LATENCY", rule]
        assert (alarms.strip(), five, ten, seconds) == (
            row["alarms (below)"].partition(" (")[0],
            row["+5%"],
            row["+10%"],
            row["s each (95 %)"].partition(" (")[0],
        ), rule


def test_what_the_gates_page_says_of_the_targets_is_what_the_kept_table_says():
    whole = " ".join(KEPT.read_text().split())
    assert (
        "MISSED, as documented side by side: +5 % found in at least 95 % within 60 s: THROUGHPUT, hog, two-cores-2026-11-24: 86 %"
        in whole
    )
    assert len(re.findall(r"MISSED ", whole.replace("MISSED, as documented", ""))) == 0
    studies = re.search(r"that share no sample, on all recordings: (\d+)", whole)[1]
    for page in ("gate.md", "gate-choices.md"):
        text = text_of(ROOT / "docs" / page)
        assert "86 %" in text
        assert studies in text


def test_what_the_gates_page_says_that_a_red_job_says_is_said_somewhere():
    quoted = [
        each
        for bold in re.findall(r"^\d\. \*\*(.*?)\*\*", text_of(ROOT / "docs/gate.md"), re.M)
        for each in re.findall(r'"([^"]+)"', bold)
    ]
    assert len(quoted) >= 3
    sources = "".join(
        path.read_text() for folder in ("autogauge", "fixtures") for path in (ROOT / folder).rglob("*.py")
    )
    assert [each for each in quoted if each not in sources] == []


def test_each_figure_that_a_choice_rests_on_stands_in_the_file_beside_it():
    rows = re.findall(r"^\| .* \| \[.*\]\((.*\.txt)\) \|$", text_of(ROOT / "docs/gate-choices.md"), re.M)
    assert len(rows) == 6
    for line in text_of(ROOT / "docs/gate-choices.md").splitlines():
        link = re.search(r"\]\((\.\./[\w/]+\.txt)\) \|$", line)
        if link:
            kept = (ROOT / "docs" / link[1]).read_text()
            figures = re.findall(r"[+-]?\d+\.\d+", line.partition("](")[0].replace("−", "-"))
            assert [each for each in figures if each not in kept] == []


def test_the_kept_table_is_of_the_recordings_that_are_kept():
    first, *_ = KEPT.read_text().splitlines()
    assert first.endswith(f" --write={KEPT.relative_to(ROOT)}")
    assert {recording for recording, *_ in kept_rows()} == {path.stem for path in data.kept()}


def test_what_the_suites_own_cost_is_said_to_be_is_what_was_printed():
    (line,) = (
        line for line in text_of(ROOT / "benchmarks/README.md").splitlines() if "printed/share_of_bound.txt" in line
    )
    figures = re.findall(r"\d+\.\d+", line)
    kept = (ROOT / "benchmarks/printed/share_of_bound.txt").read_text()
    assert len(figures) == 6
    assert [each for each in figures if each not in kept] == []


@each_of("path", sorted((ROOT / "benchmarks" / "printed").iterdir()), ids=lambda path: path.stem)
def test_a_printed_table_names_its_command_and_what_it_was_printed_on(path):
    command, where, *_ = path.read_text().splitlines()
    assert unknown(command) == set()
    assert f"benchmarks/{path.stem}.py" in command
    assert where.endswith(".")
