"""Values in HOT: every text as it was, functions by their counterparts, secrets hidden."""

from typing import Any

import pytest
import yaml

from tests.backends.heat.conftest import Lower, Translate, Translated
from toscactl.backend import Secret

Data = dict[str, Any]

NASTY = {
    "version": "1.10",
    "yes": "yes",
    "apostrophe": "it's",
    "colon": "a: b",
    "hash": "#ADD_YOUR_IMAGE_HERE",
    "octal": "0777",
    "date": "2024-01-01",
    "null": "null",
    "tilde": "~",
    "empty": "",
    "spaces": "  two  ",
    "lines": "first\n  second: x\n\nlast\n",
    "trailing": "a \nb\t\n",
    "braces": "{get_param: x}",
    "percent": "%value% {{ x }}",
    "quotes": "p'w\"d\\",
    "unicode": "grüße ☃",
    "number": "1e3",
    "sexagesimal": "12:30:45",
}
SERVICE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  inputs: {inputs}
  node_templates:
    server: {{ type: tosca.nodes.Compute }}
    app:
      type: tosca.nodes.SoftwareComponent
      requirements: [ {{ host: server }} ]
      interfaces:
        Standard:
          operations:
            create: {{ implementation: create.sh, inputs: {values} }}
  outputs: {outputs}
"""
SCRIPT = {"create.sh": "#!/bin/sh\n"}


def service(values: Data, inputs: Data | None = None, outputs: Data | None = None) -> str:
    parts = {"values": values, "inputs": inputs or {}, "outputs": outputs or {}}
    return SERVICE.format(
        **{
            name: yaml.safe_dump(part, default_flow_style=True, width=10**6).strip()
            for name, part in parts.items()
        }
    )


def values_of(made: Translated) -> dict[str, Any]:
    found = made.resources["app_create"]["properties"]["input_values"]
    return {name: value for name, value in found.items() if not name.startswith("TOSCA_")}


def test_texts_arrive_as_they_were_written(translate: Translate) -> None:
    made = translate(service(NASTY), files=SCRIPT)
    assert values_of(made) == NASTY
    base = yaml.load(made.files["service.yaml"], Loader=yaml.BaseLoader)  # noqa: S506
    assert base["resources"]["app_create"]["properties"]["input_values"]["number"] == "1e3"


def test_texts_arrive_in_parameters_and_outputs_too(translate: Translate) -> None:
    inputs = {f"i_{name}": {"type": "string", "default": text} for name, text in NASTY.items()}
    outputs = {f"o_{name}": {"value": text} for name, text in NASTY.items() if text}
    made = translate(service({}, inputs, outputs), files=SCRIPT)
    parameters = made.template()["parameters"]
    assert {n: parameters[f"i_{n}"]["default"] for n in NASTY} == NASTY
    found = {n: it["value"] for n, it in made.template()["outputs"].items()}
    assert found == {f"o_{name}": text for name, text in NASTY.items() if text}


def test_what_is_no_text_reaches_the_script_as_json(translate: Translate) -> None:
    made = translate(
        service({"n": 3, "f": 0.5, "b": True, "l": [1, "2"], "m": {"get_file": "x"}}), files=SCRIPT
    )
    assert values_of(made) == {
        "n": "3",
        "f": "0.5",
        "b": "true",
        "l": '[1,"2"]',
        "m": '{"get_file":"x"}',
    }


def test_numbers_and_booleans_of_inputs_are_made_text(translate: Translate) -> None:
    made = translate(
        service(
            {"port": {"get_input": "port"}, "flag": {"get_input": "flag"}},
            {"port": {"type": "integer", "default": 80}, "flag": {"type": "boolean"}},
        ),
        files=SCRIPT,
    )
    assert values_of(made) == {
        "port": {
            "str_replace": {"template": "%port%", "params": {"%port%": {"get_param": "port"}}}
        },
        "flag": {"if": [{"get_param": "flag"}, "true", "false"]},
    }


def test_functions_become_functions(translate: Translate) -> None:
    address = {"get_attribute": ["server", "private_address"]}
    made = translate(
        service(
            {
                "url": {"concat": ["http://", address, ":", {"get_input": "port"}, "/%port%"]},
                "third": {"token": [address, ".", 3]},
                "piece": {"token": [address, ".:", 1]},
                "list": {"join": [["a", {"get_input": "port"}, address], ", "]},
            },
            {"port": {"type": "integer", "default": 80}},
        ),
        files=SCRIPT,
    )
    there = {"get_attr": ["server_port", "fixed_ips", 0, "ip_address"]}
    found = values_of(made)
    assert found["url"]["str_replace"] == {
        "template": "http://%private_address%:%port2%/%port%",
        "params": {"%private_address%": there, "%port2%": {"get_param": "port"}},
    }
    assert found["third"] == {"str_split": [".", there, 3]}
    assert found["piece"]["str_split"][0] == "."
    assert found["piece"]["str_split"][1]["str_replace"]["params"] == {":": "."}
    assert found["list"]["list_join"][0] == ", "
    assert found["list"]["list_join"][1][2] == there


def test_inputs_are_typed_parameters_with_constraints(translate: Translate) -> None:
    made = translate(
        service(
            {},
            {
                "count": {
                    "type": "integer",
                    "default": 3,
                    "constraints": [{"greater_than": 1}, {"less_or_equal": 9}],
                },
                "ratio": {"type": "float", "constraints": [{"greater_than": 0.0}]},
                "name": {
                    "type": "string",
                    "description": "A name: it's short",
                    "constraints": [{"max_length": 9}, {"pattern": "[a-z]+"}],
                },
                "size": {
                    "type": "string",
                    "default": "yes",
                    "constraints": [{"valid_values": ["yes", "1.10"]}],
                },
                "tags": {"type": "list", "entry_schema": {"type": "string"}, "default": ["a,b"]},
            },
        ),
        files=SCRIPT,
    )
    parameters = made.template()["parameters"]
    assert parameters["count"]["constraints"] == [{"range": {"min": 2}}, {"range": {"max": 9}}]
    assert parameters["name"]["constraints"] == [
        {"length": {"max": 9}},
        {"allowed_pattern": "[a-z]+"},
    ]
    assert parameters["name"]["description"] == "A name: it's short"
    assert parameters["size"]["constraints"] == [{"allowed_values": ["yes", "1.10"]}]
    assert (parameters["tags"]["type"], parameters["tags"]["default"]) == ("json", ["a,b"])
    assert "constraints" not in parameters["ratio"]
    assert made.rules == ["heat-input-constraint"]


def test_secrets_are_hidden_and_written_nowhere(translate: Translate) -> None:
    secret = {"type": "string", "metadata": {"sensitive": "true"}}
    made = translate(
        service({"password": {"get_input": "password"}}, {"password": secret}),
        inputs={"password": "s3cret-value"},
        files=SCRIPT,
    )
    assert made.template()["parameters"]["password"]["hidden"] is True
    assert values_of(made) == {"password": {"get_param": "password"}}
    assert not any(b"s3cret-value" in data for data in made.files.values())
    assert b"#   password" in made.files["environment.yaml"]


def test_a_sensitive_output_is_a_warning(translate: Translate) -> None:
    secret = {"type": "string", "metadata": {"sensitive": "true"}}
    output = {"password": {"value": {"get_input": "password"}}}
    made = translate(service({}, {"password": secret}, output), files=SCRIPT)
    assert made.rules == ["heat-secret-output"]


def test_names_of_own_parameters_give_way_to_inputs(translate: Translate) -> None:
    made = translate(service({}, {"network": {"type": "string", "default": "x"}}), files=SCRIPT)
    port = made.resources["server_port"]["properties"]
    assert port["network"] == {"get_param": "network_2"}


@pytest.mark.parametrize("version", ["2015-10-15", "2018-08-31", "2021-04-16", "wallaby"])
def test_the_version_of_hot_is_a_fact(translate: Translate, version: str) -> None:
    made = translate(
        service({"a": {"concat": ["x", {"get_attribute": ["server", "private_address"]}]}}),
        facts={"heat_template_version": version},
        files=SCRIPT,
    )
    assert made.template()["heat_template_version"] == version


def test_an_old_version_that_lacks_a_function_says_so(translate: Translate) -> None:
    made = translate(
        service({"flag": {"get_input": "flag"}}, {"flag": {"type": "boolean"}}),
        facts={"heat_template_version": "2015-10-15"},
        files=SCRIPT,
    )
    assert made.rules == ["heat-unsupported-function"]


def test_an_attribute_that_nothing_gives_is_an_error_at_its_place(translate: Translate) -> None:
    output = {"x": {"value": {"get_attribute": ["app", "color"]}}}
    own = """node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    attributes: { color: { type: string } }
topology_template:"""
    text = service({}, None, output).replace("topology_template:", own)
    made = translate(text.replace("type: tosca.nodes.Soft", "type: my.App #"), files=SCRIPT)
    assert made.rules == ["heat-unknown-attribute"]
    assert made.diagnostics[0].span is not None


def test_a_plan_has_secrets_marked_and_the_template_does_not_hold_them(unit: Lower) -> None:
    secret = {"type": "string", "metadata": {"sensitive": "true"}}
    text = service(
        {
            "password": {"get_input": "password"},
            "url": {"concat": ["x:", {"get_input": "password"}]},
        },
        {"password": secret},
    )
    stack = unit(text, {"password": "s3cret-value"}, SCRIPT)
    assert "s3cret-value" not in str(stack.payload)
    assert stack.inputs == {"password": Secret("s3cret-value"), "url": Secret("x:s3cret-value")}
    template: Any = stack.payload["template"]
    assert template["parameters"]["password"] == {"type": "string", "hidden": True}
    found = {resource.name: resource for resource in stack.resources}
    shown: Any = found["app_create"].properties["input_values"]
    assert shown["password"] == Secret("s3cret-value")


def test_an_input_may_be_called_like_a_node(translate: Translate) -> None:
    made = translate(
        service({"a": {"get_input": "server"}}, {"server": {"type": "string", "default": "x"}}),
        files=SCRIPT,
    )
    assert made.resources["server_2"]["type"] == "OS::Nova::Server"
    assert values_of(made) == {"a": {"get_param": "server"}}


def test_attributes_that_every_server_has(translate: Translate) -> None:
    attributes: Data = {
        "id": ["server", "tosca_id"],
        "name": ["server", "tosca_name"],
        "state": ["server", "state"],
        "first": ["server", "networks", "private", "addresses", 0],
        "networks": ["server", "networks"],
    }
    outputs = {name: {"value": {"get_attribute": path}} for name, path in attributes.items()}
    made = translate(service({}, None, outputs), files=SCRIPT)
    found = {name: it["value"] for name, it in made.template()["outputs"].items()}
    address = {"get_attr": ["server_port", "fixed_ips", 0, "ip_address"]}
    assert found["id"] == {"get_resource": "server"}
    assert (found["name"], found["state"]) == ("server", "started")
    assert found["first"] == address
    assert found["networks"]["network"]["addresses"] == [address]


def test_outputs_of_operations_are_collected_when_asked_for(translate: Translate) -> None:
    output = {"x": {"value": {"get_operation_output": ["app", "Standard", "create", "token"]}}}
    made = translate(service({}, None, output), files=SCRIPT)
    assert made.template()["outputs"]["x"]["value"] == {"get_attr": ["app_create", "token"]}
    assert made.resources["app_create_config"]["properties"]["outputs"] == [{"name": "token"}]
