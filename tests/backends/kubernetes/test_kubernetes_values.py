"""Values in pods: text, Secrets, addresses, attributes of operations, open inputs."""

from collections.abc import Callable
from typing import Any

import pytest

from toscactl_kubernetes.environment import escaped

Translate = Callable[..., Any]

APP = """
topology_template:
  inputs:
    password: { type: string, metadata: { sensitive: "true" } %s }
    size: { type: integer, required: false }
  node_templates:
    machine: { type: tosca.nodes.Compute }
    runtime: { type: tosca.nodes.Container.Runtime, requirements: [ { host: machine } ] }
    app:
      type: tosca.nodes.Container.Application
      artifacts:
        image: { type: tosca.artifacts.Deployment.Image, file: "registry.example/app:1" }
      requirements: [ { host: runtime } ]
      interfaces:
        Standard:
          operations:
            create:
              implementation: image
              inputs: %s
"""
HIDDEN = "{ PASSWORD: { get_input: password } }"
URL = '{ URL: { concat: [ "db://me:", { get_input: password }, "@db$(x)" ] } }'


def app(inputs: str, password: str = "") -> str:
    return APP % (password, inputs)


def test_a_secret_without_value_is_waited_for(translate: Translate) -> None:
    made = translate(app(HIDDEN))
    assert made.kinds("Secret") == set()
    reference = {"name": "shop-password", "key": "password", "optional": True}
    assert made.env("Deployment/shop-app") == {"PASSWORD": {"secretKeyRef": reference}}
    volumes = {volume["name"]: volume for volume in made.pod("Deployment/shop-app")["volumes"]}
    (source,) = volumes["toscactl-secrets"]["projected"]["sources"]
    assert source["secret"]["name"] == "shop-password"
    assert "optional" not in source["secret"]
    command = "kubectl -n shop create secret generic shop-password --from-literal=password=VALUE"
    assert command in made.files["README.txt"]
    assert command in made.files["shop.yaml"]
    assert "secret-to-make" in made.rules()


@pytest.mark.parametrize("how", ["input", "default"])
def test_a_secret_with_a_value_is_made(translate: Translate, how: str) -> None:
    if how == "input":
        made = translate(app(HIDDEN), inputs={"password": "abc"})
    else:
        made = translate(app(HIDDEN, ", default: abc"))
    assert made["Secret/shop-password"]["stringData"] == {"password": "abc"}
    reference = {"name": "shop-password", "key": "password"}
    assert made.env("Deployment/shop-app") == {"PASSWORD": {"secretKeyRef": reference}}
    assert "toscactl-secrets" not in [v["name"] for v in made.pod("Deployment/shop-app")["volumes"]]
    assert "abc" not in str(made["Deployment/shop-app"])


def test_a_secret_within_a_text_is_put_in_by_the_kubelet(translate: Translate) -> None:
    env = translate(app(URL)).env("Deployment/shop-app")
    assert env["URL"] == "db://me:$(URL_PART_1)@db$$(x)"
    assert env["URL_PART_1"]["secretKeyRef"]["name"] == "shop-password"
    assert list(env) == ["URL_PART_1", "URL"]


def test_what_is_made_of_a_secret_is_a_secret(translate: Translate) -> None:
    made = translate(app(URL), inputs={"password": "abc"})
    assert "abc" not in str(made["Deployment/shop-app"])
    assert "abc" in str(made.documents)


def test_an_open_input_is_an_error_that_names_it(translate: Translate) -> None:
    made = translate(app("{ SIZE: { get_input: size } }"))
    assert not made.documents
    (found,) = [d for d in made.diagnostics if d.rule.name == "kubernetes-open-input"]
    assert "-i size=" in (found.hint or "")
    assert found.span is not None
    assert found.span.position.line > 1
    assert translate(app("{ SIZE: { get_input: size } }"), inputs={"size": 3}).env(
        "Deployment/shop-app"
    ) == {"SIZE": "3"}


def test_values_are_strings_as_environments_want(translate: Translate) -> None:
    inputs = (
        '{ A: true, B: 1.50, C: [ 1, two ], D: { k: v }, E: "0777", F: "it\'s", discovery.type: x }'
    )
    assert translate(app(inputs)).env("Deployment/shop-app") == {
        "A": "true",
        "B": "1.50",
        "C": '[1,"two"]',
        "D": '{"k":"v"}',
        "E": "0777",
        "F": "it's",
        "discovery.type": "x",
    }


def test_properties_are_the_environment_of_a_plain_container(translate: Translate) -> None:
    text = """
node_types:
  shop.App:
    derived_from: tosca.nodes.Container.Application
    properties:
      log-level: { type: string, default: info }
      env: { type: map, entry_schema: string, required: false }
      command: { type: list, entry_schema: string, required: false }
      token: { type: string, metadata: { sensitive: "true" } }
topology_template:
  node_templates:
    runtime: { type: tosca.nodes.Container.Runtime }
    app:
      type: shop.App
      properties:
        env: { lower: case }
        command: [ serve, "--cost=$(x)" ]
        token: t0p
      artifacts:
        image: { type: tosca.artifacts.Deployment.Image, file: "registry.example/app:1" }
      requirements: [ { host: runtime } ]
"""
    made = translate(text)
    env = made.env("Deployment/shop-app")
    assert env["LOG_LEVEL"] == "info"
    assert env["lower"] == "case"
    assert env["TOKEN"] == {"secretKeyRef": {"name": "shop-app", "key": "TOKEN"}}
    assert made["Secret/shop-app"]["stringData"] == {"TOKEN": "t0p"}
    assert made.container("Deployment/shop-app")["command"] == ["serve", "--cost=$$(x)"]


def test_addresses_are_names_of_services(translate: Translate) -> None:
    text = (
        app("{ OTHER: { get_attribute: [ box, private_address ] } }")
        + """
    box: { type: tosca.nodes.Compute }
"""
    )
    made = translate(text)
    assert made.env("Deployment/shop-app") == {"OTHER": "shop-box"}
    service = made["Service/shop-box"]["spec"]
    assert service["clusterIP"] == "None"


def test_an_input_and_a_node_of_one_name_do_not_share_a_secret(translate: Translate) -> None:
    made = translate(app(HIDDEN).replace("    app:\n", "    password:\n"))
    (reference,) = made.env("Deployment/shop-password").values()
    assert reference["secretKeyRef"]["name"].startswith("shop-password-")


def test_names_of_variables_are_made_fit(translate: Translate) -> None:
    env = translate(app('{ "my var": a, 9: b }')).env("Deployment/shop-app")
    assert env == {"my_var": "a", "_9": "b"}


SCRIPTED = """
node_types:
  shop.Part:
    derived_from: tosca.nodes.SoftwareComponent
    attributes: { found: { type: string } }
topology_template:
  node_templates:
    one: { type: tosca.nodes.Compute }
    two: { type: tosca.nodes.Compute }
    giver:
      type: shop.Part
      requirements: [ { host: one } ]
      interfaces:
        Standard:
          operations:
            create: { implementation: run.sh, outputs: { found: [ SELF, found ] } }
    taker:
      type: shop.Part
      requirements: [ { host: %s }, { dependency: giver } ]
      interfaces:
        Standard:
          operations:
            create:
              implementation: run.sh
              inputs: { it: { get_attribute: [ giver, found ] } }
"""


def test_attributes_of_operations_stay_in_their_pod(translate: Translate) -> None:
    files = {"run.sh": "#!/bin/sh\n"}
    made = translate(SCRIPTED % "one", files=files)
    script = made["ConfigMap/shop-giver-scripts"]["data"]["start.sh"]
    assert "need giver/found" in script
    assert 'it="$(attribute giver/found)"' in script
    made = translate(SCRIPTED % "two", files=files)
    assert "value-out-of-reach" in made.rules()
    assert not made.documents


def test_the_address_of_a_split_server_is_that_of_the_pod_connected_to(
    translate: Translate,
) -> None:
    text = (
        app("{ OTHER: { get_attribute: [ box, private_address ] } }")
        + """
    box: { type: tosca.nodes.Compute }
    left:
      type: tosca.nodes.WebServer
      requirements: [ { host: box } ]
    right:
      type: tosca.nodes.WebServer
      requirements: [ { host: box } ]
"""
    )
    made = translate(text)
    assert made.env("Deployment/shop-app") == {"OTHER": "shop-left"}
    assert "`left`, `right`" in made.said("split-server")


@pytest.mark.parametrize(
    ("text", "written"),
    [("plain", "plain"), ("a$b", "a$b"), ("$(A)", "$$(A)"), ("a$$b", "a$$$$b"), ("$", "$")],
)
def test_the_kubelet_expands_nothing_in_literals(text: str, written: str) -> None:
    assert escaped(text) == written
    assert written.replace("$$", "$") == text
