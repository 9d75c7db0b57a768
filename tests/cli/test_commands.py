"""What each command prints and how it ends; standard output holds nothing but the result."""

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import Run
from toscactl import planning
from toscactl.state import State, open_store

BROKEN = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Comput
"""


def test_help_lists_every_command(toscactl: Run) -> None:
    ended = toscactl("--help")
    assert ended.code == 0
    for name in ("validate", "graph", "translate", "plan", "apply", "destroy", "status", "outputs",
                 "history", "unlock", "profiles", "explain", "version", "completion"):  # fmt: skip
        assert f"  {name} " in ended.out
        assert toscactl(name, "--help").code == 0


def test_version(toscactl: Run) -> None:
    assert toscactl("version").out == toscactl("--version").out
    assert toscactl("version").out.startswith("toscactl ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("vlaidate",),
        ("validate",),
        ("validate", "samples/hello", "--format", "pdf"),
        ("plan", "samples/hello"),
        ("plan", "samples/hello", "--target", "nowhere"),
        ("plan", "samples/hello", "--target", "local", "-i", "no-equals"),
        ("plan", "samples/hello", "--target", "local", "--fail-on", "everything"),
        ("translate", "samples/hello", "--target", "local"),
        ("apply", "samples/hello", "--target", "local", "--parallelism", "0"),
    ],
)
def test_wrong_usage_ends_with_2(toscactl: Run, arguments: tuple[str, ...]) -> None:
    ended = toscactl(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err


def test_wrong_usage_of_a_detailed_exit_code_ends_with_64(toscactl: Run) -> None:
    usage = ("plan", "samples/hello", "--detailed-exitcode")
    assert toscactl(*usage).code == 64
    assert toscactl(*usage, "--target", "nowhere").code == 64


def test_a_command_that_is_nearly_right_is_named(toscactl: Run) -> None:
    assert "`validate`" in toscactl("validat").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "nothing.yaml"),
        ("validate", "empty"),
        ("plan", "nothing.yaml", "--target", "local"),
        ("apply", "nothing.yaml", "--target", "local"),
        ("destroy", "nothing"),
        ("outputs", "nothing"),
        ("status", "nothing"),
        ("history", "nothing"),
        ("explain", "nothing"),
        ("validate", "samples/hello", "--inputs", "nothing.yaml"),
    ],
)
def test_what_cannot_be_read_ends_with_3(toscactl: Run, arguments: tuple[str, ...]) -> None:
    Path("empty").mkdir()
    ended = toscactl(*arguments)
    assert ended.code == (2 if "--inputs" in arguments and not ended.err else 3)
    assert ended.err.startswith("error: ")


def test_a_valid_service(toscactl: Run) -> None:
    ended = toscactl("validate", "samples/hello")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "samples/hello is valid\n"


def test_several_paths_at_once(toscactl: Run) -> None:
    Path("broken.yaml").write_text(BROKEN)
    ended = toscactl("validate", "samples/hello", "broken.yaml", "samples/elk")
    assert ended.code == 1
    assert "error[unknown-type]" in ended.out
    assert "broken.yaml:5:13" in ended.out
    assert "^^^^^^^^^^^^^^^^^^ did you mean `tosca.nodes.Compute`?" in ended.out


def test_findings_as_json(toscactl: Run) -> None:
    Path("broken.yaml").write_text(BROKEN)
    ended = toscactl("validate", "broken.yaml", "--format", "json")
    assert ended.code == 1
    data = json.loads(ended.out)
    assert data["format"] == "toscactl.findings/1"
    assert data["ok"] is False
    (finding,) = data["findings"]
    assert (finding["rule"], finding["file"], finding["line"], finding["column"]) == (
        "unknown-type", "broken.yaml", 5, 13,
    )  # fmt: skip
    assert (finding["end_line"], finding["end_column"]) == (5, 31)


def test_findings_as_sarif(toscactl: Run) -> None:
    Path("broken.yaml").write_text(BROKEN)
    data = json.loads(toscactl("validate", "broken.yaml", "--format", "sarif").out)
    assert data["version"] == "2.1.0"
    (result,) = data["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (result["ruleId"], result["level"]) == ("unknown-type", "error")
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (5, 13, 31)


def test_findings_as_junit(toscactl: Run) -> None:
    Path("broken.yaml").write_text(BROKEN)
    text = toscactl("validate", "broken.yaml", "samples/hello", "--format", "junit").out
    suite = ET.fromstring(text.encode()).find("testsuite")  # noqa: S314  (our own text)
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_inputs_are_checked_when_they_are_given(toscactl: Run, service: str) -> None:
    assert toscactl("validate", service).code == 0
    ended = toscactl("validate", service, "-i", "size=12", "-i", "wrod=x")
    assert ended.code == 1
    assert "`word`" in ended.out
    assert "12" in ended.out


def test_all_that_is_wrong_with_inputs_is_said_at_once(toscactl: Run, service: str) -> None:
    ended = toscactl("plan", service, "--target", "local", "-i", "wrod=x")
    assert ended.code == 1
    assert ended.out == ""
    assert "size" in ended.err
    assert "integer" in ended.err
    assert "wrod" in ended.err


def test_inputs_come_from_environment_file_and_command_line(
    toscactl: Run, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def size() -> object:
        plan = toscactl("plan", service, "--target", "local", "--format", "json", *arguments)
        outputs = {item["name"]: item for item in json.loads(plan.out)["outputs"]}
        return outputs["size"]["value"]

    arguments: tuple[str, ...] = ()
    monkeypatch.setenv("TOSCACTL_INPUT_size", "1")
    assert size() == 1
    Path("values.yaml").write_text("size: 2\n")
    arguments = ("--inputs", "values.yaml")
    assert size() == 2
    arguments += ("-i", "size=3")
    assert size() == 3


def test_a_string_input_is_taken_as_it_is(toscactl: Run, service: str) -> None:
    for text in ("yes", "1.10", "a: b", "[x", "'quoted'", "# no comment"):
        ended = toscactl("apply", service, "--target", "local", "--yes", "-i", "size=1",
                         "-i", f"word={text}", "--name", f"d{len(text)}")  # fmt: skip
        assert ended.code == 0, ended.err
        assert f"made {text}" in ended.err


@pytest.mark.parametrize("form", ["dot", "mermaid", "json"])
def test_graph(toscactl: Run, form: str) -> None:
    ended = toscactl("graph", "samples/three-tier", "--format", form)
    assert (ended.code, ended.err) == (0, "")
    assert "balancer" in ended.out
    if form == "json":
        nodes = json.loads(ended.out)["nodes"]
        (host,) = nodes["db"]["requirements"]
        assert (host["name"], host["target"]) == ("host", "db_server")


def test_graph_needs_no_inputs(toscactl: Run) -> None:
    assert toscactl("graph", "samples/wordpress").code == 0


def test_plan_as_json_follows_the_published_schema(toscactl: Run) -> None:
    ended = toscactl("plan", "samples/three-tier", "--target", "local", "--format", "json")
    assert ended.code == 0
    data = json.loads(ended.out)
    jsonschema.validate(data, planning.schema())
    assert data["format"] == "toscactl.plan/1"
    assert "demonstration" not in ended.out


def test_plans_are_the_same_byte_by_byte(toscactl: Run) -> None:
    for form in ("text", "json", "markdown"):
        arguments = ("plan", "samples/three-tier", "--target", "local", "--format", form)
        assert toscactl(*arguments).out == toscactl(*arguments).out


def test_detailed_exit_code_and_gates(toscactl: Run, service: str) -> None:
    plan = ("plan", service, "--target", "local", "-i", "size=1")
    assert toscactl(*plan).code == 0
    assert toscactl(*plan, "--detailed-exitcode").code == 2
    gated = toscactl(*plan, "--fail-on", "create")
    assert gated.code == 3
    assert "create" in gated.err
    assert toscactl(*plan, "--fail-on", "replace,delete").code == 0
    assert toscactl("apply", service, "--target", "local", "-i", "size=1", "--yes").code == 0
    assert toscactl(*plan, "--detailed-exitcode").code == 0
    assert toscactl(*plan, "--fail-on", "any").code == 0


def test_a_whole_life(toscactl: Run, service: str) -> None:
    apply = ("apply", service, "--target", "local", "--yes", "--name", "mine")
    first = toscactl(*apply, "-i", "size=4", "-i", "token=secret-value")
    assert first.code == 0
    assert first.out == "size = 4\nhidden = (sensitive)\n"
    assert "secret-value" not in first.err

    assert "mine" in toscactl("status").out
    details = toscactl("status", "mine")
    assert "one" in details.out
    assert toscactl("outputs", "mine", "size").out == "4\n"
    assert json.loads(toscactl("outputs", "mine", "--format", "json").out) == {
        "size": 4, "hidden": None,
    }  # fmt: skip
    assert toscactl("outputs", "mine", "hidden", "--reveal").out == "secret-value\n"
    assert toscactl("outputs", "mine", "sise").code == 3

    again = toscactl(*apply, "-i", "size=4", "-i", "token=secret-value")
    assert again.code == 0
    assert "made" not in again.err

    history = toscactl("history", "mine")
    assert "create" in history.out
    assert json.loads(toscactl("history", "mine", "--format", "json").out)

    assert toscactl("plan", "mine", "--destroy").code == 0
    Path(service).unlink()
    gone = toscactl("destroy", "mine", "--yes")
    assert (gone.code, gone.out) == (0, "")
    assert toscactl("status", "mine").code == 3
    assert toscactl("history", "mine").code == 0


def test_without_a_terminal_nothing_is_asked_and_nothing_done(toscactl: Run, service: str) -> None:
    ended = toscactl("apply", service, "--target", "local", "-i", "size=1")
    assert ended.code == 3
    assert "--yes" in ended.err
    assert toscactl("status").out == ""


def test_a_saved_plan(toscactl: Run, service: str) -> None:
    plan = ("plan", service, "--target", "local", "--out", "plan.json", "-i", "size=1")
    assert toscactl(*plan).code == 0
    assert toscactl("apply", "plan.json", "--yes", "-i", "size=1").code == 0
    stale = toscactl("apply", "plan.json", "--yes", "-i", "size=1")
    assert stale.code == 3


def test_a_saved_plan_of_a_changed_service_is_refused(toscactl: Run, service: str) -> None:
    toscactl("plan", service, "--target", "local", "--out", "plan.json", "-i", "size=1")
    with Path(service).open("a") as file:
        file.write("# changed\n")
    ended = toscactl("apply", "plan.json", "--yes", "-i", "size=1")
    assert ended.code == 3
    assert toscactl("status").out == ""


def test_a_failed_operation(toscactl: Run, service: str) -> None:
    Path("create.sh").write_text("#!/bin/bash\necho about to fail >&2\nexit 7\n")
    ended = toscactl("apply", service, "--target", "local", "--yes", "-i", "size=1")
    assert ended.code == 1
    assert "7" in ended.err
    assert "about to fail" in ended.err
    assert "own.yaml:14" in ended.err
    assert "toscactl apply" in ended.err
    Path("create.sh").write_text("#!/bin/bash\nexit 0\n")
    assert toscactl("apply", service, "--target", "local", "--yes", "-i", "size=1").code == 0


def test_explain(toscactl: Run) -> None:
    assert "unknown-type" in toscactl("explain").out
    page = toscactl("explain", "unknown-type")
    assert page.code == 0
    assert "tosca" in page.out
    assert "`unknown-type`" in toscactl("explain", "unknown-typo").err


def test_profiles(toscactl: Run) -> None:
    assert "simple 1.3" in toscactl("profiles").out
    shown = toscactl("profiles", "show", "Compute").out
    assert "tosca.nodes.Compute" in shown
    assert "(from tosca.nodes.Root)" in shown
    assert toscactl("profiles", "show", "tosca.nodes.Comput").code == 3


def test_completion(toscactl: Run) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_TOSCACTL_COMPLETE" in toscactl("completion", shell).out


def test_targets_from_a_file(toscactl: Run, service: str) -> None:
    Path("targets.yaml").write_text("targets:\n  here: { backend: local }\n")
    assert toscactl("plan", service, "--target", "here", "-i", "size=1").code == 0
    Path("targets.yaml").write_text("targets:\n  here: { bakend: local }\n")
    ended = toscactl("plan", service, "--target", "here", "-i", "size=1")
    assert ended.code == 1
    assert "`backend`" in ended.err


def test_translate_writes_where_it_is_told(toscactl: Run) -> None:
    ended = toscactl("translate", "samples/hello", "--target", "openstack", "-o", "out/heat")
    assert ended.code == 0
    assert Path("out/heat/hello.yaml").is_file()
    assert "out/heat/hello.yaml\n" in ended.out
    Path("file").write_text("")
    ended = toscactl("translate", "samples/hello", "--target", "openstack", "-o", "file")
    assert ended.code == 2


def test_one_path_that_cannot_be_read_hides_nothing_of_the_others(toscactl: Run) -> None:
    Path("broken.yaml").write_text(BROKEN)
    ended = toscactl("validate", "nothing.yaml", "broken.yaml", "nowhere")
    assert ended.code == 3
    assert "error[unknown-type]" in ended.out
    assert "nothing.yaml" in ended.err
    assert "nowhere" in ended.err


def test_one_output_is_printed_or_refused_but_never_stood_for(toscactl: Run, service: str) -> None:
    toscactl("apply", service, "--target", "local", "--yes", "-i", "size=1", "-i", "token=geheim")
    assert toscactl("outputs", "own", "size").out == "1\n"
    refused = toscactl("outputs", "own", "hidden")
    assert (refused.code, refused.out) == (3, "")
    assert "--reveal" in refused.err
    assert toscactl("outputs", "own", "hidden", "--reveal").out == "geheim\n"


def test_breaking_the_lock_of_nothing_is_no_success(toscactl: Run) -> None:
    assert toscactl("unlock", "nothing").code == 3


def test_a_type_that_is_nearly_right_is_named(toscactl: Run) -> None:
    assert "did you mean `tosca" in toscactl("profiles", "show", "Comput").err


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\a"])
def test_a_name_that_cannot_be_shown_is_wrong_usage(toscactl: Run, service: str, name: str) -> None:
    ended = toscactl("apply", service, "--target", "local", "--yes", "-i", "size=1", "--name", name)
    assert (ended.code, ended.out) == (2, "")
    assert toscactl("destroy", name, "--yes").code == 2


@pytest.mark.parametrize("name", ["..", "a/b", "../../up", "-dash", "ü ö", "x" * 300])
def test_names_that_would_be_odd_files(toscactl: Run, service: str, name: str) -> None:
    before = set(Path().rglob("*"))
    ended = toscactl("apply", service, "-t", "local", "--yes", "-i", "size=1", f"--name={name}")
    assert ended.code == 0
    assert name in toscactl("status").out
    assert toscactl("destroy", "--yes", "--", name).code == 0
    assert set(Path().rglob("*")) == {*before, *Path().glob("trace")}


def test_what_was_cut_off_before_it_made_anything_is_not_called_deployed(toscactl: Run) -> None:
    store = open_store("state")
    run = store.begin_run(State("cut"), "apply")
    assert "incomplete" in toscactl("status", "--state", "state").out
    store.end_run("cut", run, "failed")
    assert "incomplete" in toscactl("status", "cut", "--state", "state").out
    store.end_run("cut", run, "done")
    assert "deployed" in toscactl("status", "--state", "state").out


@pytest.mark.parametrize("target", ["openstack", "k3s", "aws"])
def test_a_target_that_cannot_be_deployed_to_costs_nothing(toscactl: Run, target: str) -> None:
    ended = toscactl("apply", "samples/hello", "--target", target, "--yes")
    assert (ended.code, ended.out) == (3, "")
    assert "error:" in ended.err
    assert toscactl("status").out == ""


def test_nothing_is_done_on_one_target_if_another_cannot_be_deployed_to(
    toscactl: Run, service: str
) -> None:
    text = Path(service).read_text()
    more = "    far: { type: tosca.nodes.Compute, metadata: { target: openstack } }\n  outputs:"
    Path(service).write_text(text.replace("  outputs:", more))
    two = ("apply", service, "-t", "local", "-t", "openstack", "--yes", "-i", "size=1")
    assert toscactl(*two).code == 3
    assert toscactl("status").out == ""
    assert not list(Path().rglob("trace"))


def test_a_package_that_cannot_be_opened_is_a_finding_like_others(toscactl: Run) -> None:
    with zipfile.ZipFile("bad.csar", "w") as package:
        meta = "TOSCA-Meta-File-Version: 1.1\nCSAR-Version: 1.1\nCreated-By: me\n"
        package.writestr("TOSCA-Metadata/TOSCA.meta", meta + "Entry-Definitions: gone.yaml\n")
    Path("broken.yaml").write_text(BROKEN)
    ended = toscactl("validate", "bad.csar", "broken.yaml", "--format", "json")
    assert (ended.code, ended.err) == (1, "")
    found = {(item["rule"], item["file"]) for item in json.loads(ended.out)["findings"]}
    assert ("unknown-type", "broken.yaml") in found
    assert ("entry-not-found", "bad.csar!/TOSCA-Metadata/TOSCA.meta") in found
    assert (
        "bad.csar, broken.yaml are invalid" in toscactl("validate", "bad.csar", "broken.yaml").out
    )


def test_a_translated_secret_is_for_its_owner_alone(toscactl: Run) -> None:
    secret = "-i", "db_password=only-for-tests"
    ended = toscactl("translate", "samples/wordpress", "--target", "k3s", "-o", "out", *secret)
    assert ended.code == 0
    (file,) = (f for f in Path("out").iterdir() if b"only-for-tests" in f.read_bytes())
    assert file.stat().st_mode & 0o077 == 0
    assert f"{file} holds a secret" in ended.err
