"""What in a model makes its answers differ from one inference to the next: state, and random operators; also in the bodies of If and loops.

Asking a compiled model is surer (``api.state_variables``), but only its own device's variables are seen then, and never what is random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = ("ReadValue", "Assign")
RANDOM = ("RandomUniform", "Multinomial")
WITH_BODIES = {"If": 2, "Loop": 1, "TensorIterator": 1}


def describe_state(model: Any) -> dict[str, Any] | None:
    """How many ``variables``, whether all are ``in_bodies``, whether one ``grows`` (has a dynamic shape); ``None`` without state.

    AUTO looks for state outside bodies only.
    """
    outside = _variables(model.get_ops())
    everywhere = outside | _variables(all_operators(model))
    if not everywhere:
        return None
    return {"variables": len(everywhere), "in_bodies": not outside, "grows": _grows(model)}


def random_outputs(model: Any) -> dict[int, list[str]]:
    """By the index of each output that depends on random operators, their types."""
    if not any(_randomness(each) for each in model.get_ops()):
        return {}
    found = {}
    for index, result in enumerate(model.get_results()):
        if types := sorted({each for node in _above(result) for each in _randomness(node)}):
            found[index] = types
    return found


def _randomness(node: Any) -> set[str]:
    """The types of the random operators that a node is or contains."""
    own = {node.get_type_name()} & set(RANDOM)
    return own.union(*({each.get_type_name() for each in all_operators(body)} & set(RANDOM) for body in _bodies(node)))


def _variables(nodes: Any) -> set[str]:
    return {str(each.get_attributes().get("variable_id")) for each in nodes if each.get_type_name() in STATE}


def _grows(model: Any) -> bool:
    return any(
        each.get_type_name() == "ReadValue" and each.get_output_partial_shape(0).is_dynamic
        for each in all_operators(model)
    )


def all_operators(model: Any) -> Iterator[Any]:
    """Every operator of a model, those in the bodies of If and loops included."""
    for node in model.get_ops():
        yield node
        for body in _bodies(node):
            yield from all_operators(body)


def _bodies(node: Any) -> list[Any]:
    """The models inside a node; none where a release's Python does not show them."""
    number = WITH_BODIES.get(node.get_type_name(), 0)
    try:
        return [node.get_function(*([index] if number > 1 else [])) for index in range(number)]
    except (AttributeError, TypeError, RuntimeError):
        return []


def _above(result: Any) -> Iterator[Any]:
    """Every node that a result depends on."""
    waiting, seen = [result], set()
    while waiting:
        node = waiting.pop()
        if node.get_name() not in seen:
            seen.add(node.get_name())
            yield node
            waiting += [each.get_node() for each in node.input_values()]
