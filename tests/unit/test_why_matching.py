"""Which layers of one executed graph are which of another: nothing is lost, nothing twice, and both directions say the same."""

from __future__ import annotations

from dataclasses import replace

from autogauge.lab.why.matching import (
    BY_NAME,
    BY_NAME_ALONE,
    BY_ORDER,
    BY_ORIGINALS,
    MOVED,
    ONLY,
    Group,
    Layer,
    match,
    spelled,
)
from tests.properties import for_all


def layers_in(st):
    return st.builds(
        Layer,
        name=st.sampled_from("abcde"),
        type=st.sampled_from(["Convolution", "Reorder", "Relu"]),
        originals=st.lists(st.sampled_from("uvwxyz"), max_size=3).map(tuple),
        executed=st.sampled_from([True, True, True, False]),
    )


def two_sides(st):
    side = st.lists(layers_in(st), max_size=12)
    return side, side


def layer(name, type_="Convolution", *originals, executed=True, shapes=""):
    return Layer(name, type_, originals=originals, executed=executed, shapes=shapes)


def seen(a, b, **more):
    """The groups by names and how they were found."""
    return [
        (tuple(a[each].name for each in group.a), tuple(b[each].name for each in group.b), group.how)
        for group in match(a, b, **more)
    ]


@for_all(two_sides)
def test_every_executed_layer_is_in_exactly_one_group(a, b):
    groups = match(a, b)
    for side, places in (
        (a, [each for group in groups for each in group.a]),
        (b, [each for group in groups for each in group.b]),
    ):
        assert len(set(places)) == len(places)
        executed = {place for place, each in enumerate(side) if each.executed}
        assert executed <= set(places)
    assert all(
        any(a[each].executed for each in group.a) or any(b[each].executed for each in group.b) for group in groups
    )
    assert all(group.a or group.b for group in groups)
    assert all((group.how == ONLY) == bool(group.only_in) for group in groups)


@for_all(two_sides)
def test_the_other_direction_says_the_same(a, b):
    there = {(frozenset(each.a), frozenset(each.b), each.only_in == "A") for each in match(a, b)}
    back = {(frozenset(each.b), frozenset(each.a), each.only_in == "B") for each in match(b, a)}
    assert there == back


@for_all(lambda st: (st.lists(layers_in(st), max_size=12, unique_by=lambda each: each.name),))
def test_a_graph_is_itself(side):
    side = [replace(each, originals=()) for each in side]
    assert match(side, side) == [Group((place,), (place,), BY_NAME) for place, each in enumerate(side) if each.executed]


def test_what_is_fused_on_one_side_alone_is_compared_with_all_of_it():
    a = [layer("conv", "Convolution", "conv", "bias", "relu"), layer("relu", "Relu", executed=False)]
    b = [layer("conv", "Convolution", "conv", "bias"), layer("relu", "Relu", "relu")]
    assert seen(a, b) == [(("conv",), ("conv", "relu"), BY_ORIGINALS)]
    assert seen(b, a) == [(("conv", "relu"), ("conv",), BY_ORIGINALS)]


def test_a_layer_that_was_renamed_is_found_by_what_it_was_made_of():
    a = [layer("MatMul_438", "FullyConnected", "MatMul_438", "loss/classifier")]
    b = [layer("loss/classifier", "FullyConnected", "loss/classifier")]
    assert seen(a, b) == [(("MatMul_438",), ("loss/classifier",), BY_ORIGINALS)]


def test_an_original_that_many_layers_hold_joins_none():
    a = [layer("one", "X", "shared", "p"), layer("two", "X", "shared", "q")]
    b = [layer("1", "X", "shared", "p"), layer("2", "X", "shared", "q")]
    assert seen(a, b) == [(("one",), ("1",), BY_ORIGINALS), (("two",), ("2",), BY_ORIGINALS)]


def test_added_reorders_are_found_between_their_neighbours():
    a = [layer("conv"), layer("conv_abcd_acdb_pool", "Reorder"), layer("pool", "Pooling")]
    b = [layer("conv"), layer("conv_abcd_aBcd16b_pool", "Reorder"), layer("pool", "Pooling"), layer("x", "Reorder")]
    assert seen(a, b) == [
        (("conv",), ("conv",), BY_NAME),
        (("conv_abcd_acdb_pool",), ("conv_abcd_aBcd16b_pool",), BY_ORDER),
        (("pool",), ("pool",), BY_NAME),
        ((), ("x",), ONLY),
    ]


def test_what_an_early_release_spells_otherwise_is_the_same():
    assert [spelled(each) for each in ("BF16", "brgconv_avx512_FP32", "jit_avx512_f32", "FP32_ref", "undef", "")] == [
        *("bf16", "brgconv_avx512_f32", "jit_avx512_f32", "FP32_ref", "undef", ""),
    ]


def test_another_type_in_the_same_place_is_another_layer():
    a, b = [layer("conv"), layer("r", "Reorder")], [layer("conv"), layer("s", "Eltwise")]
    assert [each.only_in for each in match(a, b)] == ["", "B", "A"]


def test_one_name_for_two_types_is_not_said_to_be_one_layer():
    a = [layer("x_1", "Convolution"), layer("y")]
    b = [layer("x_1", "MatMul"), layer("y")]
    assert seen(a, b) == [(("x_1",), ("x_1",), BY_NAME_ALONE), (("y",), ("y",), BY_NAME)]


def test_what_the_model_says_is_stronger_than_a_name():
    """A counted-up name is another layer's there; the model's own layers tell which is which."""
    a = [layer("conv_1", "Convolution", "first"), layer("relu_2", "Relu", "second")]
    b = [layer("relu_2", "Convolution", "first"), layer("conv_1", "Relu", "second")]
    assert seen(a, b) == [(("conv_1",), ("relu_2",), BY_ORIGINALS), (("relu_2",), ("conv_1",), BY_ORIGINALS)]


def test_what_is_below_a_microsecond_on_one_side_is_the_layer_of_its_name_there():
    """Else it were "only in B", or joined to another layer of its type beside it."""
    a = [layer("conv"), layer("relu", "Eltwise", executed=False), layer("gelu", "Eltwise")]
    b = [layer("conv"), layer("relu", "Eltwise"), layer("gelu", "Eltwise", executed=False)]
    every = [((name,), (name,), BY_NAME) for name in ("conv", "relu", "gelu")]
    assert seen(a, b) == seen(b, a) == every


def test_of_two_models_a_name_with_another_shape_is_another_layer():
    """With one more convolution in front every name that was counted up is the neighbour's."""
    widths = (8, 16, 32, 64)
    a = [layer(f"conv_{place}", shapes=f"[1,{width}]") for place, width in enumerate(widths)]
    b = [layer("conv_0", shapes="[1,3]"), *(replace(each, name=f"conv_{at + 1}") for at, each in enumerate(a))]
    assert [each.how for each in match(a, b)] == [BY_NAME] * 4 + [ONLY]  # one model in two releases: its names are true
    assert all(each.only_in for each in match(a, b, one_model=False))
    original = [replace(each, originals=(each.name,)) for each in a]
    assert all(
        each.only_in for each in match(original, [replace(each, originals=(each.name,)) for each in b], one_model=False)
    )


def test_of_two_models_one_that_stands_elsewhere_is_said_to():
    a = [layer(name) for name in "abcd"]
    b = [layer(name) for name in "bcda"]
    how = {each.a: each.how for each in match(a, b, one_model=False)}
    assert how == {(0,): BY_NAME + MOVED, (1,): BY_NAME, (2,): BY_NAME, (3,): BY_NAME}
    assert {each.how for each in match(a, b)} == {BY_NAME}
    renamed = [replace(each, name=f"new-{each.name}", originals=(each.name,)) for each in b]
    original = [replace(each, originals=(each.name,)) for each in a]
    how = {each.a: each.how for each in match(original, renamed, one_model=False)}
    assert how == {(0,): BY_ORIGINALS + MOVED, (1,): BY_ORIGINALS, (2,): BY_ORIGINALS, (3,): BY_ORIGINALS}


def test_without_any_neighbour_that_was_found_nothing_is_matched_by_order():
    assert [each.only_in for each in match([layer("x"), layer("y")], [layer("p"), layer("q")])] == [*"BBAA"]
