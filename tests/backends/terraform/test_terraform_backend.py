"""The backend as the planner and the command line use it: laws, changes, steps, connecting."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.backends.terraform.conftest import BACKENDS, HEAD, portion_of, written
from toscactl.backend import Action, AttributeOf, BackendError, Secret, Unit, UnitChange
from toscactl.targets import BUILT_IN
from toscactl.testing import check_backend
from toscactl_terraform import TerraformBackend

SAMPLES = ("elk", "hello", "single-server", "three-tier", "wordpress")
GIVEN = {"wordpress": {"db_password": "s3cret-value"}}
SERVERS = """
node_types:
  my.Server: { derived_from: tosca.nodes.Compute, properties: { key_name: { type: string } } }
topology_template:
  inputs: { key: { type: string } }
  node_templates:
    a: { type: my.Server, properties: { key_name: { get_input: key } } }
    b: { type: tosca.nodes.Compute }
"""


@pytest.mark.parametrize("target", ["aws", "terraform-openstack"])
@pytest.mark.parametrize("parameters", [False, True])
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_keeps_the_laws_of_backends(
    root: Path, sample: str, target: str, *, parameters: bool
) -> None:
    inputs = {} if parameters else GIVEN.get(sample, {})
    portion = portion_of(root / "samples" / sample, BUILT_IN[target], inputs, parameters=parameters)
    (unit,) = check_backend(TerraformBackend(), portion)
    assert unit.id == f"{target}/workspace/{sample}"
    assert unit.kind == "workspace"


def _unit(folder: Path, key: str, target: str = "aws") -> Unit:
    written(folder / "service", HEAD + SERVERS, {})
    portion = portion_of(folder / "service", BUILT_IN[target], {"key": key}, parameters=False)
    (unit,) = TerraformBackend().lower(portion).value
    return unit


def test_what_differs_is_changed_and_says_what_replaces(tmp_path: Path) -> None:
    before, after = _unit(tmp_path, "one"), _unit(tmp_path, "two")
    change = TerraformBackend().change(before, after)
    assert change.action is Action.UPDATE
    assert change.changed == ("aws_instance/a",)
    server = next(it for it in after.resources if it.key == "aws_instance/a")
    assert "key_name" in server.replace_on
    assert server.origins["key_name"].property == "key_name"
    assert server.origins["key_name"].place.file.endswith("service.yaml")
    assert TerraformBackend().change(before, before).action is Action.NOOP


def test_a_workspace_is_one_step(tmp_path: Path) -> None:
    backend, unit = TerraformBackend(), _unit(tmp_path, "one", "terraform-openstack")
    verbs = {
        action: [step.verb for step in backend.steps(UnitChange(action, unit, unit))]
        for action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    }
    assert verbs == {
        Action.CREATE: ["create"],
        Action.UPDATE: ["update"],
        Action.REPLACE: ["delete", "create"],
        Action.DELETE: ["delete"],
    }
    assert backend.steps(UnitChange(Action.CREATE, None, unit, done=frozenset({"create"}))) == ()


def test_needs_name_resources_of_the_workspace(tmp_path: Path) -> None:
    unit = _unit(tmp_path, "one")
    server = next(it for it in unit.resources if it.key == "aws_instance/a")
    assert server.needs[:1] == ("a_port",)


def test_secrets_and_what_other_targets_give_are_inputs_of_the_workspace(tmp_path: Path) -> None:
    text = """
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    properties: { word: { type: string, metadata: { sensitive: "true" } } }
    requirements:
      - other: { capability: tosca.capabilities.Node, occurrences: [ 0, 1 ] }
    interfaces:
      Standard:
        type: tosca.interfaces.node.lifecycle.Standard
        operations:
          create:
            implementation: create.sh
            inputs:
              word: { type: string, default: { get_property: [ SELF, word ] } }
              there: { type: string, default: { get_attribute: [ far, private_address ] } }
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute }
    far: { type: tosca.nodes.Compute }
    app:
      type: my.App
      properties: { word: hush-hush }
      requirements: [ { host: server } ]
"""
    folder = written(tmp_path / "s", HEAD + text, {"create.sh": "#!/bin/sh\n"})
    whole = portion_of(folder, BUILT_IN["aws"], parameters=False)
    far = next(it.address for it in whole.instances if it.address.template == "far")
    portion = replace(
        whole,
        instances=tuple(it for it in whole.instances if it.address != far),
        elsewhere=frozenset({far}),
    )
    (unit,) = TerraformBackend().lower(portion).value
    assert unit.inputs == {
        "secret": Secret("hush-hush"),
        "far_private_address": AttributeOf(far, "private_address"),
    }
    files = TerraformBackend().files(portion, (unit,))
    assert not any(b"hush-hush" in data for data in files.values())


def test_an_unknown_cloud_is_an_error(tmp_path: Path) -> None:
    written(tmp_path / "service", HEAD + SERVERS, {})
    target = replace(BUILT_IN["aws"], variant="moon")
    portion = portion_of(tmp_path / "service", target, {"key": "k"}, parameters=False)
    lowered = TerraformBackend().lower(portion)
    assert [d.rule.name for d in lowered.diagnostics] == ["terraform-unknown-cloud"]
    assert lowered.value == ()


def test_applying_says_what_to_do_instead() -> None:
    with pytest.raises(BackendError) as raised:
        TerraformBackend().connect(BUILT_IN["aws"])
    assert "terraform init && terraform apply" in str(raised.value.hint)
    assert BACKENDS["terraform"].name == "terraform"
