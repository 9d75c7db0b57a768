"""Inputs: all that is missing or wrong at once, each with its place and a hint."""

from collections.abc import Callable

from toscactl.diagnostics import Checked
from toscactl.graph import InstanceGraph
from toscactl.values import ScalarUnit, Secret

Resolve = Callable[..., Checked[InstanceGraph]]

SERVICE = """
topology_template:
  inputs:
    image: { type: string, description: Which image to start. }
    count: { type: integer, constraints: [ { in_range: [ 1, 5 ] } ] }
    disk: { type: scalar-unit.size, default: 10 GB, constraints: [ { greater_or_equal: 1 GB } ] }
    key: { type: string, metadata: { sensitive: "true" }, constraints: [ { min_length: 4 } ] }
    note: { type: string, required: false }
    mode: { type: string, default: a, constraints: [ { valid_values: [ a, b ] } ] }
  node_templates:
    server: { type: tosca.nodes.Compute }
"""


def test_everything_that_is_wrong_is_said_at_once(resolve: Resolve) -> None:
    checked = resolve(SERVICE, {"count": 9, "key": "abc", "imgae": "x", "disk": "big"})
    found = [(each.rule.name, each.message) for each in checked.diagnostics]
    assert [rule for rule, _ in found] == [
        "unknown-input", "missing-input", "invalid-input", "invalid-input", "invalid-input",
    ]  # fmt: skip
    text = " ".join(message for _, message in found)
    assert "`imgae`" in text
    assert "`image` of type `string`" in text
    assert "abc" not in text
    assert checked.diagnostics[0].hint == "did you mean `image`?"
    assert all(each.span is not None for each in checked.diagnostics)


def test_inputs_carry_what_backends_need(resolve: Resolve) -> None:
    inputs = resolve(SERVICE, {"image": "i", "count": 2, "key": "abcd"}).value.inputs
    assert inputs["count"].value == 2
    assert inputs["count"].constraints == (("in_range", (1, 5)),)
    assert inputs["count"].given
    assert inputs["disk"].value == ScalarUnit("10 GB", 10_000_000_000, "B")
    assert inputs["disk"].constraints == (("greater_or_equal", ScalarUnit("1 GB", 10**9, "B")),)
    assert inputs["key"].value == Secret("abcd")
    assert inputs["key"].sensitive
    assert inputs["key"].constraints == (("min_length", 4),)
    assert inputs["note"].value is None
    assert not inputs["note"].required
    assert inputs["mode"].constraints == (("valid_values", ("a", "b")),)
    assert inputs["image"].description == "Which image to start."
