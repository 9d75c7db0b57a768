"""The backend as the planner and the command line use it: laws, changes, steps, samples."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.backends.heat.conftest import Lower, Translate
from toscactl import pipeline, placement
from toscactl.backend import Action, BackendError, MissingExtra, Portion, Unit, UnitChange, is_known
from toscactl.targets import BUILT_IN
from toscactl.testing import check_backend
from toscactl_heat import HeatBackend

SAMPLES = ("elk", "hello", "single-server", "three-tier", "wordpress")
GIVEN = {"wordpress": {"db_password": "s3cret-value"}}
BACKENDS = {"heat": HeatBackend()}
SERVERS = """\
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  my.Server: { derived_from: tosca.nodes.Compute, properties: { key_name: { type: string } } }
topology_template:
  inputs: { key: { type: string } }
  node_templates:
    a: { type: my.Server, properties: { key_name: { get_input: key } } }
    b: { type: tosca.nodes.Compute }
"""


def portion_of(root: Path, sample: str, *, parameters: bool) -> Portion:
    service = pipeline.load(str(root / "samples" / sample))
    inputs = {} if parameters else GIVEN.get(sample, {})
    graph = pipeline.resolve(service, inputs, open_inputs=parameters)
    target = BUILT_IN["openstack"]
    placed = placement.place(graph, (target,), BACKENDS)
    (portion,) = placement.portions(
        placed.value, graph, (target,), deployment=sample, parameters=parameters
    )
    return portion


@pytest.mark.parametrize("parameters", [False, True])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_keeps_the_laws_of_backends(
    root: Path, sample: str, *, parameters: bool
) -> None:
    (stack,) = check_backend(HeatBackend(), portion_of(root, sample, parameters=parameters))
    assert stack.id == f"openstack/stack/{sample}"


def test_a_changed_input_changes_what_reads_it(unit: Lower) -> None:
    before, after = unit(SERVERS, {"key": "one"}), unit(SERVERS, {"key": "two"})
    change = HeatBackend().change(before, after)
    assert (change.action, change.changed) == (Action.UPDATE, ("OS::Nova::Server/a",))
    server = next(it for it in after.resources if it.name == "a")
    assert "key_name" in server.replace_on
    assert "flavor" not in server.replace_on
    assert HeatBackend().change(before, before).action is Action.NOOP


def test_a_changed_secret_is_a_change_though_no_template_holds_it(unit: Lower) -> None:
    text = SERVERS.replace(
        "type: string } }\n  node", 'type: string, metadata: { sensitive: "true" } } }\n  node'
    )
    before, after = unit(text, {"key": "one"}), unit(text, {"key": "two"})
    assert before.payload == after.payload
    assert HeatBackend().change(before, after).action is Action.UPDATE


def test_a_stack_is_one_step(unit: Lower) -> None:
    stack = unit(SERVERS, {"key": "one"})

    def verbs(action: Action, before: Unit | None, after: Unit | None) -> list[str]:
        return [step.verb for step in HeatBackend().steps(UnitChange(action, before, after))]

    assert verbs(Action.CREATE, None, stack) == ["create"]
    assert verbs(Action.UPDATE, stack, stack) == ["update"]
    assert verbs(Action.DELETE, stack, None) == ["delete"]
    assert verbs(Action.REPLACE, stack, stack) == ["delete", "create"]
    done = UnitChange(Action.REPLACE, stack, stack, done=frozenset({"delete"}))
    (left,) = HeatBackend().steps(done)
    assert (left.verb, left.needs) == ("create", ())


def test_names_that_nothing_says_are_a_note_of_the_plan(root: Path) -> None:
    portion = portion_of(root, "three-tier", parameters=False)
    notes = [
        d for d in HeatBackend().lower(portion).diagnostics if d.rule.name == "heat-open-parameter"
    ]
    assert "`external_network`" in notes[0].message
    facts = dict.fromkeys(("network", "subnet", "external_network"), "x")
    known = replace(portion, target=replace(portion.target, facts=facts))
    after = [
        d for d in HeatBackend().lower(known).diagnostics if d.rule.name == "heat-open-parameter"
    ]
    assert "network" not in after[0].message


def test_what_another_target_gives_is_a_parameter(root: Path) -> None:
    portion = portion_of(root, "three-tier", parameters=False)
    there = {it.address for it in portion.instances if str(it.address).endswith("db_server")}
    there |= {
        it.address for it in portion.instances if str(it.address) in ("db", "shop_db", "db_volume")
    }
    part = replace(
        portion,
        instances=tuple(it for it in portion.instances if it.address not in there),
        elsewhere=frozenset(there),
    )
    (stack,) = HeatBackend().lower(part).value
    waiting = {name: value for name, value in stack.inputs.items() if not is_known(value)}
    ((name, value),) = waiting.items()
    assert str(value) == "shop_db.database_endpoint.ip_address"
    template = stack.payload["template"]
    assert isinstance(template, dict)
    assert name in template["parameters"]


def test_applying_says_what_it_needs(translate: Translate) -> None:  # noqa: ARG001
    with pytest.raises((MissingExtra, BackendError)) as raised:
        HeatBackend().connect(BUILT_IN["openstack"])
    assert raised.value.hint
