"""``--accelerator=emulated:2,discrete``: which GPUs are emulated is read in one place, and everything measured on them says so."""

import itertools

import pytest

from autogauge.emulation.asked import Gpus, accelerator, gpus_of
from autogauge.emulation.parts import identity
from autogauge.errors import UserError
from autogauge.options import EMULATED_MODEL, OPTIONS
from autogauge.rig.profile import AUTO, NONE
from autogauge.rig.rig import Asked
from autogauge.settings import Settings
from autogauge.targets import is_emulated
from tests.cases import each_of
from tests.properties import untimed
from tests.unit.test_report import settings

KIND = accelerator(AUTO, NONE)
READ = [
    ("auto", "auto", ""),
    ("none", "none", ""),
    ("emulated", "emulated", "lab-emulated"),
    ("emulated:1", "emulated", "lab-emulated"),
    ("emulated:2", "emulated:2", "lab-emulated-2"),
    ("emulated:1,discrete", "emulated:1,discrete", "lab-emulated-1-discrete"),
    ("emulated:2,discrete", "emulated:2,discrete", "lab-emulated-2-discrete"),
    ("emulated:2,other-vendor", "emulated:2,other-vendor", "lab-emulated-2-other-vendor"),
    (
        "emulated:2,other-vendor,discrete",
        "emulated:2,discrete,other-vendor",
        "lab-emulated-2-discrete-other-vendor",
    ),
]


@each_of(("given", "written", "folder"), READ)
def test_each_has_one_spelling_and_a_history_of_its_own(tmp_path, given, written, folder):
    found = Settings.of({"--accelerator": given}, tmp_path)
    assert found.accelerator == written
    assert OPTIONS["--accelerator"].value_of(written) == written
    assert found.is_emulated == bool(folder) == Asked(found.wanted, accelerator=written).is_emulated
    assert (found.wanted.model == EMULATED_MODEL) == found.is_emulated
    assert settings(tmp_path, accelerator=written).history == tmp_path / "history" / (folder or "lab")


@each_of(
    ("given", "told"),
    [
        ("gpu", "take one of auto, none, emulated, or emulated:N"),
        ("Emulated", "take one of"),
        ("", "take one of"),
        ("auto:2", "take one of"),
        ("emulated:", "does not say which GPUs"),
        ("emulated:3", "give their number (1 or 2)"),
        ("emulated:2,npu", "does not say which GPUs"),
        ("emulated:2, discrete", "does not say which GPUs"),
        ("emulated:discrete", "does not say which GPUs"),
        ("emulated:1,other-vendor", "AUTO leaves another vendor's GPU out, and emulated:1,other-vendor has no other"),
    ],
)
def test_what_cannot_be_is_one_sentence(given, told):
    with pytest.raises(UserError) as caught:
        KIND.read("--accelerator", given)
    assert told in str(caught.value)
    assert str(caught.value).endswith("(--accelerator).")


def test_any_text_is_refused_or_read_to_what_is_read_again_as_itself():
    from hypothesis import given
    from hypothesis import strategies as st

    letters = st.lists(
        st.sampled_from(["auto", "none", "emulated", ":", ",", "1", "2", "discrete", "other-vendor", "x"])
    )
    taken = set()

    @untimed(300)
    @given(st.one_of(letters.map("".join), st.sampled_from([each[0] for each in READ]), st.text()))
    def holds(text):
        try:
            written = KIND.read("--accelerator", text)
        except UserError:
            return
        taken.add(written)
        assert KIND.read("--accelerator", written) == written
        assert is_emulated(written) == written.startswith("emulated")
        assert gpus_of(written).is_plain == (":" not in written)

    holds()
    assert taken >= {"auto", "none", "emulated"}


def test_other_gpus_are_another_identity_and_the_plain_one_is_as_it_was():
    every = [Gpus(n, d, o) for n, d, o in itertools.product((1, 2), (False, True), (False, True))]
    assert [*identity("skx", Gpus())] == ["intel-opencl-rt", "intel-cmplr-lib-rt", "layer", "class"]
    found = {tuple(sorted(identity("skx", each).items())) for each in every}
    assert len(found) == len(every)
    assert identity("skx", Gpus(2, discrete=True))["gpus"] == "2,discrete"
