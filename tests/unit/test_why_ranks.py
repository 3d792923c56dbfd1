"""What ``benchmarks/why_ranks.py`` counts, and when it fails: a name that nothing was planted in is as bad as none."""

from __future__ import annotations

import sys

import pytest

from benchmarks import why_ranks
from tests.cases import each_of


def lines(**words):
    """What ``why`` says of layers: the named ones first, with these words."""
    return {
        "layers": [
            {"layer": name.replace("_", "-"), "word": word, "A": 100.0, "B": 140.0} for name, word in words.items()
        ]
    }


def ran(monkeypatch, capsys, answer, *words):
    """The exit status and what is printed, where each ``why`` answers so to the name of B's file and the seed."""
    asked = []

    def why(a, b, given, folder, seed):
        asked.append((b.name, seed))
        planted = next(
            (f"conv-{at}" for at in range(10) if f'name="conv-{at}"' in b.read_text() and is_planted(b, at)), ""
        )
        return answer(planted)

    monkeypatch.setattr(why_ranks, "why", why)
    monkeypatch.setattr(sys, "argv", ["why_ranks.py", *words])
    status = why_ranks.main()
    return status, capsys.readouterr().out, asked


def is_planted(path, place):
    """Whether that convolution has the wide kernel: its padding to the right says so."""
    layer = path.read_text().split(f'name="conv-{place}"')[1].split("</layer>")[0]
    return 'pads_end="1, 2"' in layer


def rightly(planted):
    return lines(**{planted.replace("-", "_") or "conv_0": "slower" if planted else "open", "relu": "open"})


def test_every_try_that_finds_the_planted_layer_and_no_other_is_a_success(monkeypatch, capsys):
    status, said, asked = ran(monkeypatch, capsys, rightly, "--tries=4", "--same=2", "--seed=7")
    assert status == 0
    assert (
        "ranked first: 4 of 4; slower beyond doubt: 4; layers beyond doubt that are the same on both sides: 0 in all"
        in said
    )
    assert "(1.40 times as long)" in said
    assert said.count("the same model twice; beyond doubt: none") == 2
    again = ran(monkeypatch, capsys, rightly, "--tries=4", "--same=2", "--seed=7")
    assert again == (status, said, asked)
    other = ran(monkeypatch, capsys, rightly, "--tries=4", "--same=2", "--seed=8")
    assert other[2] != asked


@each_of(
    "answer",
    [
        lambda planted: lines(relu="open", **{planted.replace("-", "_") or "x": "open"}),  # not first
        lambda planted: lines(**{planted.replace("-", "_") or "x": "open", "relu": "slower"}),  # another one too
        lambda planted: lines(
            **{planted.replace("-", "_") or "x": "open" if planted else "slower"}
        ),  # named where nothing was planted
        lambda planted: lines(**{planted.replace("-", "_") or "x": "faster" if planted else "open"}),
    ],
)
def test_a_false_name_is_a_failure(monkeypatch, capsys, answer):
    assert ran(monkeypatch, capsys, answer, "--tries=2", "--same=1", "--seed=1")[0] == 1


def test_a_try_that_does_not_end_is_ended(monkeypatch, tmp_path):
    given = why_ranks.argparse.Namespace(device="CPU", blocks=1, longest=0.01)
    with pytest.raises(why_ranks.subprocess.TimeoutExpired):
        why_ranks.why(tmp_path / "a.xml", tmp_path / "b.xml", given, tmp_path, 1)
