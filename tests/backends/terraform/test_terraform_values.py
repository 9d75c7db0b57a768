"""Values on their way through Terraform and the shell: none is changed."""

# ruff: noqa: E501  (a node of a service reads best on one line)

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.backends.terraform.conftest import Translate

BASH = shutil.which("bash") or "bash"
TERRAFORM = shutil.which("terraform") or ""
NASTY = {
    "number": "1.10",
    "yes": "yes",
    "quote": "it's",
    "colon": "a: b",
    "dollar": "${x} $x `id` $(id)",
    "percent": "%{y} %%{z} $${w}",
    "lines": "one\n  two\n",
    "backslash": 'a\\b "c" \\n',
    "empty": "",
    "umlaut": "größe",
}
TYPES = """
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    attributes: { token: { type: string } }
    interfaces:
      Standard:
        type: tosca.interfaces.node.lifecycle.Standard
        operations:
          create:
            implementation: create.sh
            inputs: INPUTS
            outputs: { token: [ SELF, token ] }
          configure:
            implementation: show.sh
            inputs:
              url:
                type: string
                default: { concat: [ "http://", { get_attribute: [ SELF, token ] }, "/x" ] }
topology_template:
  inputs: DECLARED
  node_templates:
    server: { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } } } }
    app: { type: my.App, requirements: [ { host: server } ] }
"""
FILES = {
    "create.sh": '#!/usr/bin/env bash\nenv -0 > "$TOSCA_ROOT_OF_TEST/env"\n'
    'echo "token=abc" >> "$TOSCA_OUTPUT"\n',
    "show.sh": 'printf %s "$url" > "$TOSCA_ROOT_OF_TEST/url"',
}


def service(inputs: dict[str, object], declared: dict[str, object]) -> str:
    return TYPES.replace("INPUTS", json.dumps(inputs)).replace("DECLARED", json.dumps(declared))


def run_setup(script: str, folder: Path) -> dict[str, str]:
    """Run what sets a server up, below a folder; gives the environment of the first operation."""
    folder.mkdir()
    file = folder / "user-data"
    file.write_text(script.replace("/var/lib/toscactl", str(folder / "work")), encoding="utf-8")
    subprocess.run(
        [BASH, str(file)], check=True, env={**os.environ, "TOSCA_ROOT_OF_TEST": str(folder)}
    )
    pairs = (folder / "env").read_text(encoding="utf-8").split("\0")
    return dict(pair.partition("=")[::2] for pair in pairs)


@pytest.mark.parametrize("cloud", ["aws", "openstack"])
def test_known_values_reach_the_operation_as_they_are(
    translate: Translate, tmp_path: Path, cloud: str
) -> None:
    inputs = {name: {"type": "string", "default": value} for name, value in NASTY.items()}
    made = translate(service(dict(inputs), {}), cloud, files=FILES)
    setup = made.files["setup/server.sh"].decode()
    seen = run_setup(setup, tmp_path / "run")
    assert {name: seen[name] for name in NASTY} == NASTY
    assert seen["TOSCA_NODE"] == "app"
    assert (tmp_path / "run" / "url").read_text(encoding="utf-8") == "http://abc/x"


@pytest.mark.skipif(not TERRAFORM, reason="terraform is not installed")
def test_variables_reach_the_operation_as_they_are(translate: Translate, tmp_path: Path) -> None:
    """Terraform itself puts the user data together; a server's shell then takes it apart."""
    declared = {f"in_{n}": {"type": "string", "default": v} for n, v in NASTY.items()}
    inputs: dict[str, object] = {
        name: {"type": "string", "default": {"get_input": f"in_{name}"}} for name in NASTY
    }
    for name in NASTY:
        whole = {"concat": ["${a} %{b} ", {"get_input": f"in_{name}"}]}
        inputs[f"whole_{name}"] = {"type": "string", "default": whole}
    made = translate(service(inputs, dict(declared)), "openstack", files=FILES)
    user_data = made.resources["openstack_compute_instance_v2"]["server"]["user_data"]
    (made.folder / "main.tf.json").write_text(
        json.dumps({"output": {"user_data": {"value": user_data}}}), encoding="utf-8"
    )
    (made.folder / "given.auto.tfvars").write_text(
        "".join(f'{n} = "x"\n' for n, v in made.variables.items() if "default" not in v),
        encoding="utf-8",
    )
    terraform = [TERRAFORM, f"-chdir={made.folder}"]
    world = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull}
    subprocess.run([*terraform, "apply", "-auto-approve", "-no-color"], check=True, env=world)
    shown = subprocess.run(
        [*terraform, "output", "-raw", "user_data"], check=True, env=world, capture_output=True
    )
    seen = run_setup(shown.stdout.decode(), tmp_path / "run")
    assert {name: seen[name] for name in NASTY} == NASTY
    for name, value in NASTY.items():
        assert seen[f"whole_{name}"] == f"${{a}} %{{b}} {value}"


def test_inputs_become_variables(translate: Translate) -> None:
    made = translate(
        """
topology_template:
  inputs:
    count: { type: integer, default: 2, description: "how ${many}", constraints: [ { in_range: [ 1, 5 ] } ] }
    name: { type: string, constraints: [ { pattern: "[a-z]+" }, { max_length: 8 } ] }
    level: { type: string, default: low, constraints: [ { valid_values: [ low, "${high}" ] } ] }
    size: { type: scalar-unit.size, default: 1500 MB, constraints: [ { greater_or_equal: 1 GB } ] }
    list: { type: list, entry_schema: { type: integer }, default: [ 1 ] }
    secret: { type: string, default: word, metadata: { sensitive: "true" } }
    maybe: { type: string, required: false }
    release: { type: version, default: 1.2, constraints: [ { greater_than: 1.1 } ] }
  node_templates:
    volume: { type: tosca.nodes.Storage.BlockStorage, properties: { name: v, size: { get_input: size } } }
""",
        inputs={"level": "low"},
    )
    variables = made.variables
    assert variables["count_"]["default"] == 2
    assert variables["count_"]["description"] == "how ${many}"
    assert (
        variables["count_"]["validation"][0]["condition"] == "${var.count_ >= 1 && var.count_ <= 5}"
    )
    assert "default" not in variables["name"]
    assert [v["condition"] for v in variables["name"]["validation"]] == [
        '${can(regex("^(?:[a-z]+)$", var.name))}',
        "${length(var.name) <= 8}",
    ]
    assert '"$${high}"' in variables["level"]["validation"][0]["condition"]
    assert variables["size"]["default"] == 2
    assert variables["size"]["type"] == "number"
    assert variables["list"]["type"] == "list(number)"
    assert variables["secret"]["sensitive"] is True
    assert "default" not in variables["secret"]
    assert variables["maybe"]["default"] is None
    assert made.one("aws_ebs_volume")["size"] == "${var.size}"
    assert made.rules == {"terraform-input-constraint"}


def test_outputs_are_values_of_the_cloud(translate: Translate) -> None:
    made = translate(
        """
topology_template:
  inputs: { word: { type: string, metadata: { sensitive: "true" } } }
  node_templates:
    server: { type: tosca.nodes.Compute, capabilities: { os: { properties: { type: linux } } } }
  outputs:
    "odd ${name}": { value: { concat: [ "${x} ", { get_attribute: [ server, private_address ] } ] } }
    word: { value: { get_input: word } }
    name: { value: { get_attribute: [ server, tosca_name ] } }
""",
    )
    assert made.outputs == {
        "odd_name": {"value": "$${x} ${aws_network_interface.server_port.private_ip}"},
        "word": {"value": "${var.word}", "sensitive": True},
        "name": {"value": "server"},
    }


def test_an_output_that_a_server_makes_is_left_out(translate: Translate) -> None:
    text = service({}, {}) + "  outputs: { token: { value: { get_attribute: [ app, token ] } } }\n"
    made = translate(text, files=FILES)
    assert made.outputs == {}
    assert "terraform-output-left-out" in made.rules


def test_a_value_made_on_another_server_is_an_error(translate: Translate) -> None:
    text = service({}, {}) + (
        "    other: { type: tosca.nodes.Compute }\n"
        "    user:\n"
        "      type: tosca.nodes.SoftwareComponent\n"
        "      requirements: [ { host: other } ]\n"
        "      interfaces:\n"
        "        Standard:\n"
        "          operations:\n"
        "            create:\n"
        "              implementation: show.sh\n"
        "              inputs: { url: { get_attribute: [ app, token ] } }\n"
    )
    made = translate(text, files=FILES)
    assert "terraform-runtime-attribute" in made.rules
    assert made.files == {}


@pytest.mark.parametrize("function", ["{ token: [ { get_input: a }, { get_input: a }, 0 ] }"])
def test_a_function_without_counterpart_is_an_error(translate: Translate, function: str) -> None:
    made = translate(
        "topology_template:\n  inputs: { a: { type: string } }\n"
        f"  outputs: {{ o: {{ value: {function} }} }}\n"
        "  node_templates: { s: { type: tosca.nodes.Compute } }\n"
    )
    assert "terraform-unsupported-function" in made.rules
