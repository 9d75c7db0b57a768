"""Operations and containers on servers: what runs, in which order, with which files."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backends.heat.conftest import Translate, Translated
from toscactl.diagnostics import Severity

HEAD = """\
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    attributes: { url: { type: string } }
    requirements:
      - peer:
          capability: tosca.capabilities.Endpoint.Database
          relationship: my.Uses
          occurrences: [ 0, 1 ]
relationship_types:
  my.Uses:
    derived_from: tosca.relationships.ConnectsTo
    interfaces: { Configure: { type: tosca.interfaces.relationship.Configure } }
topology_template:
"""
APP = """\
  node_templates:
    server: { type: tosca.nodes.Compute }
    other: { type: tosca.nodes.Compute }
    dbms:
      type: tosca.nodes.DBMS
      requirements: [ { host: other } ]
      properties: { port: 5432 }
    db:
      type: tosca.nodes.Database
      properties: { name: shop, port: 5432 }
      requirements: [ { host: dbms } ]
      interfaces: { Standard: { operations: { create: db.sh, delete: db.sh } } }
    app:
      type: my.App
      requirements:
        - host: server
        - peer:
            node: db
            relationship:
              type: my.Uses
              interfaces:
                Configure:
                  operations:
                    pre_configure_source: say.sh
                    post_configure_target: say.sh
                    add_target: say.sh
                    remove_target: say.sh
                    target_changed: say.sh
      interfaces:
        Standard:
          operations:
            create: { implementation: { primary: bin/install.sh, dependencies: [ etc/app.conf ] } }
            configure: { implementation: configure.py }
            start:
              implementation: { primary: say.sh, timeout: 30 }
              outputs: { url: [ SELF, url ] }
            stop: say.sh
            delete: say.sh
  outputs:
    url: { value: { get_attribute: [ app, url ] } }
"""
FILES: dict[str, str | bytes] = {
    "say.sh": '#!/bin/sh\necho "url=http://$TOSCA_NODE" > "$TOSCA_OUTPUT"\n',
    "db.sh": "#!/bin/sh\n",
    "bin/install.sh": "#!/bin/sh\nEND_OF_FILE\n",
    "etc/app.conf": b"\xff\xfe binary",
    "configure.py": "print('configured')",
}


def chain(made: Translated, last: str) -> list[str]:
    """The names of what runs, from the first to the last one, by `depends_on`."""
    found: list[str] = []
    name: str | None = last
    while name is not None:
        found.append(name)
        before = made.resources[name].get("depends_on")
        name = before if isinstance(before, str) else None
    return list(reversed(found))


def test_operations_run_in_order_after_what_they_need(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES)
    assert chain(made, "app_peer_add_target") == [
        "db_delete",
        "db_create",
        "app_delete",
        "app_stop",
        "app_peer_remove_target",
        "app_create",
        "app_peer_pre_configure_source",
        "app_configure",
        "app_peer_post_configure_target",
        "app_start",
        "app_peer_add_target",
    ]
    servers = {
        name: it["properties"]["server"]["get_resource"]
        for name, it in made.of_type("OS::Heat::SoftwareDeployment").items()
    }
    assert servers["app_peer_post_configure_target"] == "other"
    assert servers["app_start"] == "server"


def test_what_cleans_up_runs_on_delete_only(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES)
    actions = {
        name: it["properties"]["actions"]
        for name, it in made.of_type("OS::Heat::SoftwareDeployment").items()
    }
    cleaning = {"db_delete", "app_delete", "app_stop", "app_peer_remove_target"}
    assert {name for name, when in actions.items() if when == ["DELETE"]} == cleaning
    assert actions["app_create"] == ["CREATE", "UPDATE"]


def test_what_is_not_run_is_said(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES)
    assert made.rules == ["heat-operation-not-run"]
    assert "target_changed" in made.diagnostics[0].message
    assert made.diagnostics[0].severity is Severity.WARNING


def test_outputs_of_operations_are_attributes_of_deployments(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES)
    assert made.template()["outputs"]["url"]["value"] == {"get_attr": ["app_start", "url"]}
    assert made.resources["app_start_config"]["properties"]["outputs"] == [{"name": "url"}]


def test_a_script_of_its_own_is_used_as_it_is(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES)
    assert made.resources["db_create_config"]["properties"]["config"] == {"get_file": "db.sh"}
    assert made.files["db.sh"] == b"#!/bin/sh\n"


def assembled(made: Translated, name: str) -> str:
    """The text that Heat makes of a configuration, files put in as its clients do."""
    config = made.resources[name]["properties"]["config"]
    text = ""
    for piece in config["list_join"][1]:
        if isinstance(piece, str):
            text += piece
        else:
            data = made.files[piece["get_file"]]
            try:
                text += data.decode()
            except UnicodeDecodeError:
                text += base64.encodebytes(data).decode()
    return text


def run(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run an assembled script with its working folders below a folder of the test."""
    script = folder / "script"
    script.write_text(text.replace("/var/lib/toscactl", str(folder / "lib")), encoding="utf-8")
    script.chmod(0o700)
    return subprocess.run(
        [str(script)],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_files_arrive_byte_for_byte_and_outputs_are_collected(
    translate: Translate, tmp_path: Path
) -> None:
    made = translate(HEAD + APP, files=FILES)
    ended = run(assembled(made, "app_start_config"), tmp_path, TOSCA_NODE="app",
                heat_outputs_path=str(tmp_path / "out"))  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out.url").read_text() == "http://app"
    install = assembled(made, "app_create_config").replace(
        "./bin/install.sh\n", "cat bin/install.sh\n"
    )
    ended = run(install, tmp_path)
    assert ended.stdout == FILES["bin/install.sh"]
    assert (tmp_path / "lib/app/create/etc/app.conf").read_bytes() == FILES["etc/app.conf"]


def test_a_script_without_interpreter_gets_one(translate: Translate, tmp_path: Path) -> None:
    made = translate(HEAD + APP, files=FILES)
    ended = run(assembled(made, "app_configure_config"), tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "configured\n")


def test_a_failing_operation_fails_its_deployment(translate: Translate, tmp_path: Path) -> None:
    files = FILES | {"bin/install.sh": "#!/bin/sh\nexit 3\n"}
    made = translate(HEAD + APP, files=files)
    assert run(assembled(made, "app_create_config"), tmp_path).returncode == 3


def test_how_agents_answer_is_a_fact(translate: Translate) -> None:
    facts = {"signal_transport": "HEAT_SIGNAL", "software_config_transport": "POLL_SERVER_HEAT"}
    made = translate(HEAD + APP, files=FILES, facts=facts)
    assert made.resources["app_start"]["properties"]["signal_transport"] == "HEAT_SIGNAL"
    server = made.resources["server"]["properties"]
    assert server["user_data_format"] == "SOFTWARE_CONFIG"
    assert server["software_config_transport"] == "POLL_SERVER_HEAT"


ONE_WAY = (
    (HEAD + APP)
    .replace("outputs: { url: [ SELF, url ] }", "")
    .replace("                    post_configure_target: say.sh\n", "")
    .partition("  outputs:")[0]
)


def test_cloud_init_sets_servers_up_one_after_the_other(translate: Translate) -> None:
    made = translate(ONE_WAY, files=FILES, facts={"software": "cloud-init"})
    assert not made.of_type("OS::Heat::SoftwareDeployment")
    assert made.resources["server"]["properties"]["user_data"] == {"get_resource": "server_setup"}
    assert "other_ready" in made.resources["server"]["depends_on"]
    assert made.resources["server_ready"]["type"] == "OS::Heat::WaitCondition"
    assert set(made.rules) == {"heat-no-removal", "heat-operation-not-run"}


def test_cloud_init_reports_no_outputs(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES, facts={"software": "cloud-init"})
    assert "heat-unknown-attribute" in made.rules


def test_a_secret_in_user_data_is_said(translate: Translate) -> None:
    text = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  inputs:
    word: { type: string, metadata: { sensitive: "true" } }
    other: { type: string, default: x }
  node_templates:
    server: { type: tosca.nodes.Compute }
    app:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: server } ]
      interfaces:
        Standard:
          operations:
            create:
              implementation: db.sh
              inputs: { word: { concat: [ "a", { get_input: word } ] }, open: { get_input: other } }
"""
    assert "heat-secret-in-user-data" not in translate(text, files=FILES).rules
    made = translate(text, files=FILES, facts={"software": "cloud-init"})
    (said,) = [d for d in made.diagnostics if d.rule.name == "heat-secret-in-user-data"]
    assert "needs `word`, which is secret" in said.message


def test_cloud_init_with_more_than_nova_takes(translate: Translate) -> None:
    files = FILES | {"etc/app.conf": b"x" * 60_000}
    made = translate(ONE_WAY, files=files, facts={"software": "cloud-init"})
    assert "heat-user-data-size" in made.rules


def test_servers_that_wait_for_each_other_are_a_circle(translate: Translate) -> None:
    text = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    left: { type: tosca.nodes.Compute }
    right: { type: tosca.nodes.Compute }
    a:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: left } ]
      interfaces: { Standard: { operations: { create: db.sh } } }
    b:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: right }, { dependency: a } ]
      interfaces: { Standard: { operations: { create: db.sh } } }
    c:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: left }, { dependency: b } ]
      interfaces: { Standard: { operations: { create: db.sh } } }
"""
    assert not translate(text, files=FILES).rules
    assert translate(text, files=FILES, facts={"software": "cloud-init"}).rules == ["heat-cycle"]


@pytest.mark.parametrize(("file", "group"), [("site.yaml", "ansible"), ("site.pp", "puppet")])
def test_other_agents_by_the_kind_of_file(translate: Translate, file: str, group: str) -> None:
    text = HEAD + APP.replace("create: db.sh", f"create: {file}")
    made = translate(text, files=FILES | {file: "- hosts: all\n"})
    config = made.resources["db_create_config"]["properties"]
    assert (config["group"], config["config"]) == (group, {"get_file": file})


def test_what_other_agents_do_not_take_is_an_error(translate: Translate) -> None:
    text = HEAD + APP.replace(
        "create: db.sh", "create: { implementation: { primary: a.yaml, dependencies: [ say.sh ] } }"
    )
    made = translate(text, files=FILES | {"a.yaml": "- hosts: all\n"})
    assert "heat-operation-files" in made.rules


CONTAINERS = """\
tosca_definitions_version: tosca_simple_yaml_1_3
artifact_types:
  tosca.artifacts.Deployment.Image.Container.Docker:
    derived_from: tosca.artifacts.Deployment.Image
node_types:
  my.Container:
    derived_from: tosca.nodes.Container.Application
    capabilities: { web: { type: tosca.capabilities.Endpoint.Public } }
    requirements:
      - data:
          capability: tosca.capabilities.Attachment
          node: tosca.nodes.Storage.BlockStorage
          relationship: tosca.relationships.AttachesTo
          occurrences: [ 0, 1 ]
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute }
    runtime: { type: tosca.nodes.Container.Runtime, requirements: [ { host: server } ] }
    data: { type: tosca.nodes.Storage.BlockStorage, properties: { name: data, size: 1 GB } }
    cache:
      type: my.Container
      requirements:
        - host: runtime
        - data:
            node: data
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /data } }
      capabilities: { web: { properties: { port: 6379 } } }
      artifacts:
        image: { type: tosca.artifacts.Deployment.Image.Container.Docker, file: redis:7 }
      interfaces:
        Standard:
          operations:
            create:
              implementation: image
              inputs: { SAVE: "yes", my.option: { get_attribute: [ server, private_address ] } }
"""


def test_containers_run_by_the_engine_of_their_server(translate: Translate) -> None:
    made = translate(CONTAINERS)
    values = made.resources["cache_run"]["properties"]["input_values"]
    assert values["container_image"] == "redis:7"
    assert values["container_ports"] == "6379:6379/tcp"
    assert values["container_mounts"] == "/var/lib/toscactl/volumes/data/data:/data"
    assert values["container_variables"] == "SAVE my.option"
    assert values["SAVE"] == "yes"
    assert made.resources["cache_run"]["depends_on"] == ["runtime_install", "cache_data_mount"]
    mount = made.resources["cache_data_mount"]["properties"]["input_values"]
    assert mount["location"] == "/var/lib/toscactl/volumes/data"
    rules = made.resources["server_access"]["properties"]["rules"]
    assert [rule["port_range_min"] for rule in rules] == [6379]


def test_the_engine_gets_every_word(translate: Translate, tmp_path: Path) -> None:
    made = translate(CONTAINERS)
    engine = tmp_path / "docker"
    engine.write_text('#!/bin/sh\nprintf "%s|" "$@" >> "$LOG"\necho >> "$LOG"\n')
    engine.chmod(0o700)
    script = tmp_path / "run.py"
    script.write_bytes(made.files["toscactl/run-container.py"])
    values = made.resources["cache_run"]["properties"]["input_values"]
    values = {k: v for k, v in values.items() if isinstance(v, str)}
    values["container_mounts"] = f"{tmp_path}/volume/data:/data"
    variables = values | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(tmp_path / "log")}
    subprocess.run([sys.executable, str(script)], env=variables, check=True)
    log = (tmp_path / "log").read_text().splitlines()
    assert log[0] == "rm|--force|cache|"
    assert log[1].endswith("|--env|SAVE|--env|my.option|redis:7|")
    subprocess.run(
        [sys.executable, str(script)], env=variables | {"deploy_action": "DELETE"}, check=True
    )
    assert (tmp_path / "log").read_text().splitlines()[2:] == ["rm|--force|cache|"]


def test_a_container_on_no_server_is_zun_s(translate: Translate) -> None:
    lines = [line for line in CONTAINERS.splitlines() if "runtime" not in line]
    made = translate("\n".join(lines), facts={"network": "private"})
    container = made.resources["cache"]
    assert container["type"] == "OS::Zun::Container"
    assert container["properties"]["mounts"] == [
        {"volume_id": {"get_resource": "data"}, "mount_path": "/data"}
    ]
    assert container["properties"]["networks"] == [{"port": {"get_resource": "cache_port"}}]
    assert made.resources["cache_address"]["type"] == "OS::Neutron::FloatingIP"


def test_a_container_without_an_image_is_an_error(translate: Translate) -> None:
    text = CONTAINERS.partition("      artifacts:")[0]
    assert translate(text).rules == ["heat-no-image"]


def test_software_of_any_type_runs_on_its_host(translate: Translate) -> None:
    made = translate(
        """\
tosca_definitions_version: tosca_simple_yaml_1_3
relationship_types: { my.On: { derived_from: tosca.relationships.HostedOn } }
node_types:
  my.Thing:
    derived_from: tosca.nodes.Root
    requirements:
      - host: { capability: tosca.capabilities.Node, relationship: my.On }
topology_template:
  inputs: { size: { type: string } }
  node_templates:
    server: { type: tosca.nodes.Compute }
    thing:
      type: my.Thing
      requirements: [ { host: server } ]
      interfaces:
        Standard:
          operations:
            create:
              implementation: { primary: db.sh, dependencies: [ environment.yaml, service.yaml ] }
              inputs: { size: { get_input: size } }
""",
        files=FILES | {"environment.yaml": "a: 1\n"},
        inputs={"size": "1.10"},
    )
    assert made.files["environment.yaml"] == b"a: 1\n"
    assert made.template("toscactl-environment.yaml") == {"parameters": {"size": "1.10"}}
    assert made.template("service.hot.yaml")["resources"]["thing_create"]


def test_a_node_that_wants_it_is_stopped_before_it_is_started_again(
    translate: Translate, tmp_path: Path
) -> None:
    text = (HEAD + APP).replace(
        "      type: my.App\n", '      type: my.App\n      metadata: { restart: "true" }\n'
    )
    text = text.replace(
        "configure: { implementation: configure.py }",
        "configure: { implementation: configure.py, inputs: { port: 80 } }",
    )
    made = translate(
        text.replace("stop: say.sh", "stop: bye.sh"), files=FILES | {"bye.sh": "echo bye"}
    )
    values = made.resources["app_start"]["properties"]["input_values"]
    assert values["TOSCA_CONFIGURED"] == {"port": "80"}
    script = assembled(made, "app_start_config").replace("./say.sh", "echo hello")
    assert run(script, tmp_path).stdout == "hello\n"
    assert run(script, tmp_path, deploy_action="UPDATE").stdout == "bye\nhello\n"


def test_scripts_know_who_they_work_for(translate: Translate) -> None:
    made = translate(HEAD + APP, files=FILES)
    own = made.resources["app_start"]["properties"]["input_values"]
    assert own["TOSCA_TYPE"] == "my.App"
    assert own["TOSCA_DEPLOYMENT"] == "service"
    assert (own["TOSCA_NODE"], own["TOSCA_INSTANCE"]) == ("app", "app_0")
    assert (own["TOSCA_INTERFACE"], own["TOSCA_OP"]) == ("Standard", "start")
    assert "TOSCA_REQUIREMENT" not in own
    edge = made.resources["app_peer_pre_configure_source"]["properties"]["input_values"]
    assert edge["TOSCA_REQUIREMENT"] == "peer"
    assert (edge["TOSCA_SOURCE_INSTANCE"], edge["TOSCA_TARGET_INSTANCE"]) == ("app_0", "db_0")
    assert edge["TOSCA_TARGET_HOST"] == "other"
