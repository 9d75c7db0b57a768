"""The conformance kit: the memory backend keeps every law, and broken ones are found."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

import pytest

from toscactl.address import Address
from toscactl.backend import Backend, Portion
from toscactl.desired import Action, Blob, Need, Resource, Step, Unit, UnitChange
from toscactl.desired.serialize import blobs, from_json, frozen, to_json
from toscactl.diagnostics import Checked
from toscactl.graph import Input, Instance, InstanceGraph, Relationship
from toscactl.source import Place
from toscactl.targets import Target
from toscactl.testing import (
    HOSTED_ON,
    MemoryBackend,
    check_backend,
    check_secrecy,
    check_serialization,
    check_steps,
)
from toscactl.values import AttributeOf, Call, Secret, Value

PLACE = Place("service.yaml", 1)
SECRET = Secret("word-of-honor")


@pytest.fixture
def portion() -> Portion:
    nodes = [
        Instance(Address("vm"), ("Compute",), PLACE, properties={"size": 1}),
        Instance(
            Address("db", 0),
            ("Database",),
            PLACE,
            properties={"password": SECRET, "url": AttributeOf(Address("vm"), "ip")},
            relationships=(
                Relationship("host", Address("db", 0), Address("vm"), "host", (HOSTED_ON,), PLACE),
            ),
        ),
    ]
    graph = InstanceGraph(
        "shop",
        "",
        None,
        {node.address: node for node in nodes},
        inputs={"password": Input("password", "string", PLACE, SECRET, sensitive=True)},
    )
    return Portion("shop", Target("here", "memory"), graph, tuple(nodes))


def test_the_memory_backend_keeps_every_law(portion: Portion) -> None:
    units = check_backend(MemoryBackend(), portion)
    assert [unit.id for unit in units] == ["here/node/vm", "here/node/db[0]"]


def test_a_secret_in_clear_is_found(portion: Portion) -> None:
    leaky = broken(files=lambda *_: {"a.json": b"has the word-of-honor in it", "b-secret": b""})
    with pytest.raises(AssertionError, match=r"`a\.json` holds no secret"):
        check_secrecy(leaky, portion, ())
    told = broken(files=lambda *_: {"secrets.json": b"has the word-of-honor in it"})
    check_secrecy(told, portion, ())
    check_secrecy(leaky, portion, (), declared=["a.json"])


def broken(**overriding: object) -> Backend:
    made: Backend = type("Broken", (MemoryBackend,), overriding)()
    return made


def lowering(change: Callable[[Unit], Unit]) -> Backend:
    def lower(self: MemoryBackend, portion: Portion) -> Checked[tuple[Unit, ...]]:
        found = MemoryBackend.lower(self, portion)
        return Checked(tuple(change(unit) for unit in found.value))

    return broken(lower=lower)


def stepping(change: Callable[[Step], Step]) -> Backend:
    def steps(self: MemoryBackend, wanted: UnitChange) -> list[Step]:
        return [change(step) for step in MemoryBackend.steps(self, wanted)]

    return broken(steps=steps)


NUMBERS = count()
BROKEN: Mapping[str, Backend] = {
    "twice gives the same": lowering(lambda unit: replace(unit, payload={"n": next(NUMBERS)})),
    "ids of units are unique": lowering(lambda unit: replace(unit, id="here/node/x", name="x")),
    "names its backend": lowering(lambda unit: replace(unit, backend="other")),
    "reads <target>/<kind>/<name>": lowering(lambda unit: replace(unit, id=f"x{unit.id}")),
    "keys of resources": lowering(lambda unit: replace(unit, resources=unit.resources * 2)),
    "of its own unit": lowering(
        lambda unit: replace(unit, resources=(replace(unit.resources[0], needs=("elsewhere",)),))
    ),
    "needs of units are acyclic": lowering(
        lambda unit: replace(unit, needs=(Need("here/node/vm", ""), Need("here/node/db[0]", "")))
    ),
    "to itself is no change": broken(
        change=lambda _, before, after: UnitChange(Action.UPDATE, before, after)
    ),
    "keys of steps are unique": stepping(lambda step: replace(step, key="x")),
    "reads <unit>#<key>": stepping(lambda step: replace(step, id="x")),
    "is of its unit": stepping(lambda step: replace(step, backend="x")),
    "comes after what it needs": stepping(
        lambda step: replace(step, needs=(f"{step.unit}#start",))
    ),
    "only removes": stepping(lambda step: replace(step, removes=False)),
    "removes nothing": stepping(lambda step: replace(step, removes=True)),
    "goes on where it was": broken(
        steps=lambda self, change: MemoryBackend.steps(self, replace(change, done=frozenset()))
    ),
}


@pytest.mark.parametrize("law", BROKEN)
def test_a_broken_law_is_found(portion: Portion, law: str) -> None:
    with pytest.raises(AssertionError, match=law):
        check_backend(BROKEN[law], portion)


def test_steps_of_every_action(portion: Portion) -> None:
    backend = MemoryBackend()
    unit = backend.lower(portion).value[1]
    for change in (
        UnitChange(Action.CREATE, None, unit),
        UnitChange(Action.UPDATE, unit, unit),
        UnitChange(Action.REPLACE, unit, unit),
        UnitChange(Action.DELETE, unit, None),
    ):
        check_steps(backend, change)


# Serialization.

VALUES: Mapping[str, Value] = {
    "none": None,
    "list": [1, 2.5, True, "x", [None]],
    "$one": {"$secret": "not one"},
    "open": Call("concat", (AttributeOf(Address("a", 2), "b", ("c", 0), "cap"), SECRET)),
}


def test_units_are_the_same_after_writing_and_reading() -> None:
    blob = Blob("c" * 64, b"data", executable=True)
    unit = Unit(
        "t/k/n", "t", "b", "k", "n",
        (Resource("K", "r", VALUES),),
        inputs=VALUES,
        payload=VALUES,
        files={"a/b": blob},
    )  # fmt: skip
    check_serialization(unit)
    change = UnitChange(
        Action.REPLACE, frozen(unit), frozen(unit), ("K/r",), frozenset("a"), frozenset("b")
    )
    files = blobs(change)
    back = from_json(UnitChange, to_json(change), content=lambda digest: files[digest].data)
    assert back == change
    assert back.after is not None
    assert back.after.files["a/b"].data == b"data"


@pytest.mark.parametrize("data", [None, 1, "x", [], {}, {"id": 1}, {"action": "fly"}])
@pytest.mark.parametrize("kind", [Unit, UnitChange, Step, Resource, Need])
def test_what_is_no_noun_is_refused(kind: type[Unit], data: object) -> None:
    with pytest.raises(ValueError, match="not a "):
        from_json(kind, data)


def test_a_missing_file_is_said() -> None:
    unit = Unit("t/k/n", "t", "b", "k", "n", (), files={"a": Blob("c" * 64, b"")})
    with pytest.raises(ValueError, match="is missing"):
        from_json(Unit, to_json(unit))
