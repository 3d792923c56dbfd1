"""Options are said once: pytest has them, settings follow from them, and a run says those that matter."""

import pytest

from autogauge.cache import default_cache_dir
from autogauge.errors import UserError
from autogauge.options import GROUPS, OPTIONS
from autogauge.rig import lock
from autogauge.settings import Settings
from tests.cases import each_of
from tests.properties import for_all

OTHERS = {
    **{"--model": "small-cnn", "--model-source": "embedded", "--precision": "fp32", "--shape": "x[1,2],y[3]"},
    **{"--picture": "a.png", "--inputs": "a.npz", "--profile": "lab", "--devices": "CPU", "--hints-on": "CPU"},
    **{"--accelerator": "none", "--infer-requests": "3", "--inconclusive": "fail", "--gate": "fail"},
    **{"--reference": "CPU", "--smallest-change": "7", "--pair-budget": "9", "--pinned": "off"},
    **{"--probe-deadline": "77", "--soak": "5", "--disturbed": "accept", "--wait": "5"},
    **{"--no-baseline": "fail", "--creep": "fail", "--baseline": "lab-01"},
    **{"--cache": "cache", "--reports": "elsewhere", "--machine": "m", "--fetch-deadline": "99"},
}
"""A value of each option that is not its default."""


def of(tmp_path, **texts):
    return Settings.of({f"--{name.replace('_', '-')}": text for name, text in texts.items()}, tmp_path)


def test_pytest_has_every_option_and_no_default_of_its_own(pytestconfig):
    assert set(OTHERS) == set(OPTIONS), "a new option: give it a value here that is not its default"
    lines = {each.names()[0]: each.attrs() for group in pytestconfig._parser._groups for each in group.options}
    assert {name for name in lines if name in OPTIONS} == set(OPTIONS)
    assert {lines[name].get("default") for name in OPTIONS} == {None}


def test_each_option_reaches_the_settings(tmp_path):
    plain = Settings.of({}, tmp_path)
    for name, text in OTHERS.items():
        assert Settings.of({name: text}, tmp_path) != plain, name


def test_every_option_that_changes_what_is_measured_or_judged_is_said_with_the_run(tmp_path):
    chosen = Settings.of(OTHERS, tmp_path).chosen()
    assert set(chosen) == {option.name for option in OPTIONS.values() if option.is_measured}
    assert {name for name in OPTIONS if not OPTIONS[name].is_measured} == {
        *("--fetch-deadline", "--cache", "--reports", "--machine", "--wait")
    }
    written = {**OTHERS, "--precision": "FP32", "--smallest-change": "7%"}
    assert chosen == {name: written[name] for name in chosen}


def test_what_plays_no_part_in_a_run_is_not_said_with_it(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"")
    plain = Settings.of({}, tmp_path).chosen()
    assert "--precision" in plain
    assert not {"--pair-budget", "--infer-requests", "--reference", "--shape"} & set(plain)
    assert "--precision" not in of(tmp_path, model=str(tmp_path / "model.onnx")).chosen(), "a file has its own"
    assert of(tmp_path, reference="CPU").chosen()["--pair-budget"] == "60"


def test_what_is_said_with_a_run_asks_for_the_same_run(tmp_path):
    for texts in ({}, OTHERS, {"--devices": "CPU,GPU.1", "--model": "x.onnx", "--shape": "1,3,8,8"}):
        first = Settings.of(texts, tmp_path)
        again = Settings.of(first.chosen(), tmp_path)
        assert again.chosen() == first.chosen()


@each_of("option", OPTIONS.values(), ids=lambda option: option.name)
def test_a_default_is_one_that_could_be_given_and_every_option_says_what_holds_without_it(option):
    assert bool(option.default) != bool(option.otherwise), "one or the other"
    value = option.value_of(None)
    if option.default is not None:
        assert option.kind.write(value) == option.default
    assert option.help.endswith(".")
    assert option.default_in_words in option.line


def test_the_defaults_are_those_of_who_waits_and_judges(tmp_path):
    plain = Settings.of({}, tmp_path)
    assert plain.wait_s == lock.DEFAULT_WAIT_S
    assert plain.smallest_change == OPTIONS["--smallest-change"].value_of(None) == 0.05
    assert (plain.reports, plain.profile.name, plain.gate, plain.pinned) == (tmp_path, "standard", "warn", True)


@each_of("name", [name for name in OPTIONS if name not in ("--devices", "--hints-on")])
@each_of("nothing", ["", "  "])
def test_an_option_that_is_given_nothing_is_one_sentence(name, nothing, tmp_path):
    """As a job writes it whose variable is not set: it would else be a default that nobody asked for."""
    with pytest.raises(UserError, match=rf"\({name}\)"):
        Settings.of({name: nothing}, tmp_path)


@for_all(lambda st: (st.sampled_from(sorted(OPTIONS)), st.text(max_size=12) | st.floats(1, 1e5).map(str)))
def test_any_text_is_a_value_that_can_be_said_again_or_one_sentence_that_names_the_option(name, text):
    option = OPTIONS[name]
    try:
        value = option.value_of(text)
    except UserError as error:
        if name not in str(error):
            raise
    else:
        again = option.value_of(option.kind.write(value))
        assert again == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)


def test_the_example_of_a_group_has_options_of_it():
    for group in GROUPS:
        named = [word.partition("=")[0] for word in group.example.split() if word.startswith("--")]
        assert named
        assert set(named) <= {option.name for option in group.options}


def test_the_variable_of_an_option_stands_in_where_nobody_gave_it(monkeypatch, tmp_path):
    monkeypatch.setenv(OPTIONS["--cache"].variable, str(tmp_path / "variable"))
    assert default_cache_dir() == tmp_path / "variable"
    assert of(tmp_path).cache is None, "the default folder is asked for"
    assert of(tmp_path, cache="given").cache.name == "given"


@each_of("minutes", ["0", "0.4", "10081", "1e9", "nan", "inf", "night"])
def test_a_soak_takes_from_half_a_minute_to_a_week(minutes, tmp_path):
    with pytest.raises(UserError, match=r"\(--soak\)"):
        of(tmp_path, soak=minutes)
    assert of(tmp_path, soak="10080").soak_minutes == 10080
