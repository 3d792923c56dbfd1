"""The documented rule of AUTO's choice, by itself: examples from its documentation, written by hand. No plugin is asked."""

import itertools

import pytest

from autogauge.contract import rules
from autogauge.studies.selection.rule import Machine, by_default, choose, meant
from tests.cases import each_of

CPU = Machine("CPU", capabilities=frozenset({"FP32", "INT8", "BIN"}))
IGPU = Machine("GPU", capabilities=frozenset({"FP32", "FP16", "BIN"}))
NPU = Machine("NPU", capabilities=frozenset({"FP16", "INT8"}))
FIRST = Machine("GPU.0", capabilities=frozenset({"FP32", "FP16", "BIN"}))
SECOND = Machine("GPU.1", is_discrete=True, capabilities=frozenset({"FP32", "FP16", "INT8", "BIN"}))
OTHERS = Machine("GPU", is_intels=False, capabilities=frozenset({"FP32", "FP16"}))
ALONE, ONE, TWO = [CPU], [CPU, IGPU], [CPU, FIRST, SECOND]


def right(machines, asked, precision="FP32", priorities=""):
    """What is right, in words."""
    return str(choose(machines, asked, precision, priorities))


@each_of(
    ("machines", "asked", "expected", "orders"),
    [
        # the page's table: discrete GPU, integrated GPU, CPU; all that are there are candidates
        (ALONE, "AUTO", "CPU", [("CPU",)]),
        (ONE, "AUTO", "GPU", [("GPU", "CPU")]),
        (TWO, "AUTO", "GPU.1", [("GPU.1", "GPU.0", "CPU")]),
        (TWO, None, "GPU.1", [("GPU.1", "GPU.0", "CPU")]),
        (TWO, "AUTO:", "GPU.1", [("GPU.1", "GPU.0", "CPU")]),
        # its note: an NPU must be named
        ([CPU, NPU], "AUTO", "CPU", [("CPU",)]),
        ([CPU, NPU], "AUTO:NPU,CPU", "NPU", [("NPU", "CPU")]),
        # another vendor's GPU is left out, and taken where it is named
        ([CPU, OTHERS], "AUTO", "CPU", [("CPU",)]),
        ([CPU, OTHERS], "AUTO:GPU,CPU", "GPU", [("GPU", "CPU")]),
        ([CPU, OTHERS], "AUTO:-CPU", "an error", []),
        # a list is the order, from high to low
        (ONE, "AUTO:CPU,GPU", "CPU", [("CPU", "GPU")]),
        (TWO, "AUTO:GPU.1,GPU.0", "GPU.1", [("GPU.1", "GPU.0")]),
        (TWO, "AUTO:GPU.0,CPU", "GPU.0", [("GPU.0", "CPU")]),
        # GPU is another name for GPU.0; by the source it stands for the others too
        (TWO, "AUTO:GPU", "GPU.0", [("GPU.0",), ("GPU.0", "GPU.1")]),
        (TWO, "AUTO:GPU,CPU", "GPU.0", [("GPU.0", "CPU"), ("GPU.0", "GPU.1", "CPU")]),
        (ONE, "AUTO:GPU.0,CPU", "GPU", [("GPU", "CPU")]),
        # named twice
        (ONE, "AUTO:GPU,GPU.0,CPU,CPU", "GPU", [("GPU", "CPU")]),
        # exclusion
        (TWO, "AUTO:-CPU", "GPU.1", [("GPU.1", "GPU.0")]),
        (TWO, "AUTO:-GPU.1", "GPU.0", [("GPU.0", "CPU")]),
        (TWO, "AUTO:-GPU", "GPU.1 or CPU", [("GPU.1", "CPU"), ("CPU",)]),
        (ONE, "AUTO:-GPU", "CPU", [("CPU",)]),
        (ONE, "AUTO:-CPU,GPU", "GPU", [("GPU",)]),
        (ALONE, "AUTO:-CPU", "an error", []),
        (ONE, "AUTO:-NOTGPU", "GPU or an error", [("GPU", "CPU")]),
        (ONE, "AUTO:-GPU.1", "GPU or an error", [("GPU", "CPU")]),
        # what is no device; what is one, and is not there
        (ONE, "AUTO:FOO,CPU", "an error", []),
        (ONE, "AUTO:gpu,cpu", "an error", []),
        (ONE, "AUTO:FOO", "an error", []),
        (ONE, "AUTO:GPU.1,CPU", "CPU", []),
        (ONE, "AUTO:CPU.1,GPU", "GPU", []),
        (ONE, "AUTO:NPU,CPU", "CPU", []),
        (ALONE, "AUTO:GPU,CPU", "CPU", []),
        (ALONE, "AUTO:GPU", "an error", []),
        # virtual devices
        (ONE, "AUTO:MULTI,CPU", "an error", []),
        (ONE, "AUTO:CPU,AUTO", "an error", []),
        # "comma-separated, no spaces": as it is meant, or an error
        (ONE, "AUTO:GPU, CPU", "GPU or an error", [("GPU", "CPU")]),
        (ONE, "AUTO: GPU,CPU", "GPU or an error", [("GPU", "CPU")]),
        (ONE, "AUTO:GPU,,CPU,", "GPU or an error", [("GPU", "CPU")]),
    ],
)
def test_the_choice_is_the_documented_one(machines, asked, expected, orders):
    choice = choose(machines, asked, "FP32")
    assert (str(choice), list(choice.orders)) == (expected, orders)


@each_of(
    ("machines", "asked", "precision", "expected"),
    [
        # an INT8 model: not the integrated GPU, by the table
        (ONE, "AUTO", "INT8", "CPU"),
        (TWO, "AUTO", "INT8", "GPU.1"),
        (TWO, "AUTO:GPU.0,GPU.1,CPU", "INT8", "GPU.1"),
        (TWO, "AUTO:GPU,CPU", "INT8", "CPU or GPU.1"),
        # an FP16 model: the GPU has it, and by the table the CPU too
        (ONE, "AUTO", "FP16", "GPU"),
        (ONE, "AUTO:CPU,GPU", "FP16", "CPU"),
        ([CPU, Machine("GPU", capabilities=frozenset({"FP32"}))], "AUTO", "FP16", "CPU"),
        # an FP32 model goes to a device with FP16 where there is none with FP32
        ([Machine("NPU", capabilities=frozenset({"FP16"}))], "AUTO:NPU", "FP32", "NPU"),
        # where no candidate has it, the page is silent
        (ONE, "AUTO:-CPU", "INT8", "GPU or an error"),
        # a device that tells nothing is taken for fit
        ([CPU, Machine("GPU")], "AUTO", "INT8", "GPU"),
    ],
)
def test_a_device_without_the_precision_is_passed_over(machines, asked, precision, expected):
    choice = choose(machines, asked, precision)
    assert str(choice) == expected
    assert not choice.orders or "selection-precision-filter" not in choice.rules


@each_of(
    ("asked", "priorities", "expected"),
    [("AUTO", "CPU,GPU", "CPU"), ("AUTO", "GPU,CPU", "GPU"), (None, "CPU,GPU", "CPU"), ("AUTO:GPU", "CPU", "GPU")],
)
def test_priorities_of_the_property_count_where_no_name_follows_auto(asked, priorities, expected):
    assert right(ONE, asked, priorities=priorities) == expected


def test_it_asks_for_auto():
    with pytest.raises(ValueError, match="GPU"):
        choose(ONE, "GPU", "FP32")


@each_of(
    ("told", "expected"),
    [
        (
            {
                "name": "GPU.1",
                "type": "DISCRETE",
                "capabilities": ["FP32"],
                "architecture": "GPU: vendor=0x8086 arch=v12.0.0",
            },
            Machine("GPU.1", True, True, frozenset({"FP32"})),
        ),
        (
            {"name": "GPU", "type": "Type.INTEGRATED", "architecture": "GPU: vendor=0x1002 arch=v1"},
            Machine("GPU", False, False),
        ),
        ({"name": "CPU", "type": "INTEGRATED", "architecture": "intel64"}, Machine("CPU")),
        ({"name": "NPU"}, Machine("NPU")),
    ],
)
def test_a_device_is_read_as_the_probe_tells_it(told, expected):
    assert Machine.told(told) == expected


def test_names_mean_devices():
    assert [meant(each, ONE) for each in ("GPU", "GPU.0", "GPU.1", "CPU", "(CPU)")] == [
        "GPU",
        "GPU",
        "GPU.1",
        "CPU",
        "(CPU)",
    ]
    assert [meant(each, TWO) for each in ("GPU", "GPU.0", "GPU.1")] == ["GPU.0", "GPU.0", "GPU.1"]


NAMES = [
    "CPU",
    "GPU",
    "GPU.0",
    "GPU.1",
    "NPU",
    "FOO",
    "gpu",
    "AUTO",
    "-CPU",
    "-GPU",
    "-GPU.1",
    "-X",
    " CPU",
    "GPU ",
    "",
    "-",
]
MACHINES = [ALONE, ONE, TWO, [CPU, OTHERS], [CPU, IGPU, NPU], [IGPU], []]
LISTS = [[], *([each] for each in NAMES), *map(list, itertools.product(NAMES, repeat=2)), ["GPU", "-CPU", "CPU"]]


def test_whatever_is_asked_something_is_right_and_is_there_and_has_rules_that_are_written():
    for machines, names, precision in itertools.product(MACHINES, LISTS, ("FP32", "FP16", "INT8")):
        choice = choose(machines, "AUTO:" + ",".join(names), precision)
        there = {each.name for each in machines}
        assert choice.devices or choice.refused, (machines, names)
        assert there.issuperset(choice.devices), (machines, names)
        assert all(there.issuperset(order) and order[0] in choice.devices for order in choice.orders if order), names
        assert choice.rules, names
        assert not rules.unknown(choice.rules), names


def test_by_default_nobody_is_before_a_better_one():
    for machines in itertools.chain.from_iterable(itertools.permutations(each) for each in MACHINES):
        ranks = [each.rank for each in by_default(machines)]
        assert ranks == sorted(ranks)
