"""How a change of a service changes what runs here."""

from typing import Any

import pytest

from toscactl.backend import Action
from toscactl.execution import Started
from toscactl.testing import check_backend

World = Any

SERVICE = """
    interface_types:
      t.Lifecycle:
        derived_from: tosca.interfaces.node.lifecycle.Standard
        operations: { update: {} }
    node_types:
      t.Node:
        derived_from: tosca.nodes.SoftwareComponent
        properties:
          greeting: { type: string, default: hello }
          size: { type: integer, default: 1 }
          unread: { type: string, default: a }
        interfaces:
          Standard:
            type: %(interface)s
            operations:
              create:
                implementation: create.sh
                inputs: { size: { get_property: [ SELF, size ] } }
              configure:
                implementation: configure.sh
                inputs: { text: { concat: [ "<", { get_property: [ SELF, greeting ] }, ">" ] } }
              start: start.sh
              stop: stop.sh
              %(more)s
    topology_template:
      inputs:
        greeting: { type: string, default: hello }
        size: { type: integer, default: 1 }
        unread: { type: string, default: a }
        cpus: { type: integer, default: 1 }
      node_templates:
        it:
          type: t.Node
          %(metadata)s
          properties:
            greeting: { get_input: greeting }
            size: { get_input: size }
            unread: { get_input: unread }
          requirements: [ host: server ]
        server:
          type: tosca.nodes.Compute
          capabilities: { host: { properties: { num_cpus: { get_input: cpus } } } }
"""


def text(more: str = "", metadata: str = "") -> str:
    interface = "t.Lifecycle" if more else "tosca.interfaces.node.lifecycle.Standard"
    return SERVICE % {"more": more, "metadata": metadata, "interface": interface}


def service(world: World, more: str = "", metadata: str = "") -> World:
    world.service(text(more, metadata))
    for name in ("create", "configure", "start", "stop", "update"):
        world.write(f"{name}.sh", f'echo "{name} ${{text-}}"\n')
    return world


def test_what_only_configure_reads_is_configured_again(world: World) -> None:
    service(world).apply()
    run = world.apply(greeting="bye")
    assert (run.started, run.lines) == (["it#configure"], ["configure <bye>"])
    assert world.attributes("it")["greeting"] == "bye"
    assert world.apply(greeting="bye").started == []


def test_with_restart_it_is_stopped_and_started(world: World) -> None:
    service(world, metadata='metadata: { restart: "true" }').apply()
    assert world.apply(greeting="bye").started == ["it#stop", "it#configure", "it#start"]


@pytest.mark.parametrize(("name", "value"), [("size", 2), ("unread", "b")])
def test_what_others_read_or_perhaps_read_makes_it_anew(
    world: World, name: str, value: object
) -> None:
    service(world).apply()
    plan = world.plan(**{name: value})
    (action,) = [action for action in plan.actions if action.name == "it"]
    assert action.action is Action.REPLACE
    assert [change.path for change in action.changes if change.forces_replace] == [name]
    assert world.apply(**{name: value}).started == [
        "it#stop",
        "it#create",
        "it#configure",
        "it#start",
    ]


def test_an_update_operation_does_every_change(world: World) -> None:
    service(world, more="update: update.sh").apply()
    assert world.apply(size=2, unread="b").started == ["it#update"]


def test_properties_of_a_node_without_operations_are_recorded(world: World) -> None:
    service(world).apply()
    run = world.apply(cpus=2)
    assert run.started == ["server#update"]
    assert world.attributes("server")["host"] == {"num_cpus": 2}


def test_a_changed_script_runs_again_where_it_can(world: World) -> None:
    service(world).apply()
    world.write("configure.sh", "echo new\n")
    assert world.apply().lines == ["new"]
    world.write("stop.sh", "echo new stop\n")
    assert world.apply().started == ["it#update"]
    world.write("create.sh", "echo new create\n")
    run = world.apply()
    assert run.started == ["it#stop", "it#create", "it#configure", "it#start"]
    assert run.lines[0] == "new stop"


def test_a_daemon_without_a_stop_is_ended_for_a_restart(world: World) -> None:
    service(world)
    written = text(metadata='metadata: { restart: "true" }')
    world.service(written.replace("              stop: stop.sh\n", ""))
    world.write("start.sh", "sleep 100 >/dev/null 2>&1 &\necho $!\n")
    first = world.apply().lines[-1]
    run = world.apply(greeting="bye")
    assert run.started == ["it#stop", "it#configure", "it#start"]
    assert run.lines[0] == f"ending what `it` left running: process {first}"
    world.destroy()


def test_the_laws_of_backends_hold(world: World) -> None:
    service(world, more="update: update.sh", metadata='metadata: { restart: "true" }')
    check_backend(world.backends["local"], world.portion())
    check_backend(world.backends["local"], world.portion(parameters=True))


def test_steps_of_a_node_without_operations_note_it_only(world: World) -> None:
    service(world)
    events = [e for e in world.apply().events if isinstance(e, Started)]
    (step,) = [e.step for e in events if e.step.unit == "local/node/server"]
    assert step.payload.get("script") is None
    assert (step.key, step.last) == ("create", True)


READER = """
    node_types:
      t.Maker:
        derived_from: tosca.nodes.SoftwareComponent
        attributes: { sign: { type: string } }
        interfaces:
          Standard:
            operations:
              configure:
                implementation: make.sh
                inputs: { word: { get_input: word } }
                outputs: { sign: [ SELF, sign ] }
    topology_template:
      inputs:
        word: { type: string, default: one }
      node_templates:
        maker:
          type: t.Maker
          requirements: [ host: server ]
        reader:
          type: tosca.nodes.SoftwareComponent
          requirements: [ host: server, dependency: maker ]
          interfaces:
            Standard:
              create: create.sh
              configure:
                implementation: read.sh
                inputs: { word: { get_attribute: [ maker, sign ] } }
        server: { type: tosca.nodes.Compute }
"""


def test_who_reads_an_attribute_is_configured_again_when_it_changes(world: World) -> None:
    world.service(READER)
    world.write("make.sh", 'echo "sign=${word%%-*}" >"$TOSCA_OUTPUT"\n')
    world.write("create.sh", "echo create\n")
    world.write("read.sh", 'echo "read $word"\n')
    assert world.apply().lines == ["create", "read one"]
    assert world.apply(word="two").lines == ["read two"]
    assert world.apply(word="two-again").lines == []  # the sign stayed as it was
    assert world.attributes("maker")["sign"] == "two"
