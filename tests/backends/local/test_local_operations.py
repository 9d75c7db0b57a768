"""The script contract of the local target: environment, folder, interpreters, outputs."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

World = Any  # the class of conftest.py; pytest gives no name to import it by

NODE = """
    node_types:
      t.Node:
        derived_from: tosca.nodes.SoftwareComponent
        properties:
          port: { type: integer, default: 80 }
          name: { type: string, default: it }
          password: { type: string, required: false, metadata: { sensitive: "true" } }
        attributes:
          url: { type: string }
          more: { type: map, entry_schema: string }
        interfaces:
          Standard:
            operations:
              create:
                implementation:
                  primary: scripts/create%(extension)s
                  dependencies: [ lib/words.txt, scripts/lib/words.txt ]
                inputs:
                  port: { get_property: [ SELF, port ] }
                  some-list: [ a, 2 ]
                  flag: true
                  password: { get_property: [ SELF, password ] }
                outputs:
                  url: [ SELF, url ]
                  detail: [ SELF, more, detail ]
    topology_template:
      inputs:
        password: { type: string, default: geheim, metadata: { sensitive: "true" } }
      node_templates:
        server: { type: tosca.nodes.Compute }
        it:
          type: t.Node
          properties: { password: { get_input: password } }
          requirements: [ host: server ]
      outputs:
        url: { value: { get_attribute: [ it, url ] } }
"""


def with_script(world: World, text: str, extension: str = ".sh") -> World:
    world.service(NODE % {"extension": extension})
    world.write(f"scripts/create{extension}", text)
    world.write("lib/words.txt", "above\n")
    world.write("scripts/lib/words.txt", "beside\n")
    return world


def test_inputs_and_identity_reach_a_bash_script(world: World) -> None:
    run = with_script(
        world,
        """\
        set -eu
        echo "$port|$some_list|$flag|$TOSCA_NODE|$TOSCA_INSTANCE|$TOSCA_OP|$TOSCA_HOST"
        echo "$NODE|$INSTANCE|$INSTANCES|$HOST|$DEPLOYMENT_ID"
        """,
    ).apply()
    assert run.outcome == "done"
    assert run.lines == [
        '80|["a",2]|true|it|it_0|create|server',
        "it|it_0|it_0|server|service",
    ]


def test_artifacts_keep_their_places_in_a_private_folder(world: World) -> None:
    run = with_script(
        world,
        """\
        set -eu
        cat lib/words.txt scripts/lib/words.txt "$(dirname "$0")/lib/words.txt"
        stat -c %a . 2>/dev/null || stat -f %Lp .
        """,
    ).apply()
    assert run.lines == ["above", "beside", "beside", "700"]
    assert not list(world.work.glob("work/*/create/*/files"))  # nothing runs there any more


def test_a_script_above_the_service_keeps_its_relations(world: World) -> None:
    world.folder = world.folder / "deep" / "service"
    world.service(
        """
        topology_template:
          node_templates:
            it:
              type: tosca.nodes.SoftwareComponent
              requirements: [ host: server ]
              interfaces:
                Standard:
                  create:
                    implementation:
                      primary: ../../common/run.sh
                      dependencies: [ here.txt ]
            server: { type: tosca.nodes.Compute }
        """
    )
    world.write("../../common/run.sh", 'cat here.txt "$(dirname "$0")/../deep/service/here.txt"\n')
    world.write("here.txt", "found\n")
    assert world.apply().lines[0] == "found"


def test_outputs_come_from_lines_json_and_exported_variables(world: World) -> None:
    run = with_script(
        world,
        """\
        export url=http://exported
        detail=local
        echo "detail=a=b" >>"$TOSCA_OUTPUT"
        echo "other=1" >>"$TOSCA_OUTPUT"
        trap 'echo bye' EXIT
        """,
    ).apply()
    assert run.outputs == {"url": "http://exported"}
    assert world.attributes("it")["more"] == {"detail": "a=b"}
    assert run.lines == ["bye"]
    assert run.warnings == [
        "`create` reported `other`, which is no declared output of it; it is ignored"
    ]


def test_outputs_as_json_keep_their_types(world: World) -> None:
    run = with_script(
        world, """\necho '{"url": "u", "detail": {"a": [1, true]}}' >"$TOSCA_OUTPUT"\n"""
    ).apply()
    assert run.outcome == "done"
    assert world.attributes("it")["more"] == {"detail": {"a": (1, True)}}


def test_an_output_that_is_missing_is_a_warning(world: World) -> None:
    run = with_script(world, 'echo "url=x" >"$TOSCA_OUTPUT"\n').apply()
    assert run.warnings == ["`create` did not report its output `detail`"]


def test_globals_of_a_python_script_are_outputs(world: World) -> None:
    run = with_script(
        world,
        """\
        import os, sys
        from pathlib import Path
        assert __name__ == "__main__" and Path(__file__).name == "create.py"
        assert sys.path[0] == str(Path(__file__).parent)
        url = "http://" + os.environ["port"]
        detail = {"deep": 1}
        sys.exit(0)
        """,
        ".py",
    ).apply()
    assert run.outputs == {"url": "http://80"}
    assert world.attributes("it")["more"] == {"detail": {"deep": 1}}


def test_a_python_script_fails_with_its_own_traceback(world: World) -> None:
    run = with_script(world, "def f():\n    raise KeyError('nothing')\nf()\n", ".py").apply()
    (failure,) = run.failures
    assert failure.tail[-1] == "KeyError: 'nothing'"
    assert "create.py" in failure.tail[1]
    assert not any("<string>" in line for line in failure.tail)


@pytest.mark.parametrize("first", ["#!/bin/sh", "#!/usr/bin/env python3\nprint('ran'); '''"])
def test_a_program_runs_as_it_is(world: World, first: str) -> None:
    run = with_script(world, f"{first}\necho ran #'''\n", ".tool").apply()
    assert (run.outcome, run.lines) == ("done", ["ran"])


def test_lines_are_shown_when_they_are_written(world: World) -> None:
    """The second line is written only when the first one has been seen."""
    with_script(
        world, 'echo first; while [ ! -e "$TOSCA_ROOT/seen" ]; do sleep 0.02; done; echo second\n'
    )
    plan = world.plan()
    from toscactl import pipeline
    from toscactl.execution import Progress
    from toscactl.state import open_store

    seen = []
    for event in pipeline.apply(plan, store=open_store(str(world.state)), backends=world.backends):
        if isinstance(event, Progress):
            seen.append(event.line)
            if event.line == "first":
                (world.work / "root/server/seen").touch()
    assert seen == ["first", "second"]


def test_binary_and_endless_lines_survive(world: World) -> None:
    run = with_script(
        world,
        r"""
        printf 'a\x00b\xff\xfec\x1b[31mred\x1b[0m\r\n'
        head -c 300000 /dev/zero | tr '\0' x; echo; echo end
        """,
    ).apply()
    assert run.outcome == "done"
    assert run.lines[0] == "a\ufffdb\ufffd\ufffdcred"
    assert len(run.lines[1]) < 2100
    assert run.lines[-1] == "end"


def test_secrets_are_neither_shown_nor_left_in_files(world: World) -> None:
    run = with_script(
        world,
        'echo "it is $password"; echo "url=http://u:$password@h" >"$TOSCA_OUTPUT"; sleep 100 &\n',
    ).apply()
    assert run.lines == ["it is (sensitive)"]
    assert repr(world.attributes("it")["url"]) == "Secret(...)"
    for file in world.state.rglob("*"):
        if file.is_file():
            assert b"geheim" not in file.read_bytes(), file
    assert stat.S_IMODE(world.work.stat().st_mode) == 0o700


def test_properties_and_built_in_names_are_attributes(world: World) -> None:
    with_script(world, 'echo "$TOSCA_ROOT"\n').apply()
    known = world.attributes("it")
    assert (known["port"], known["tosca_name"], known["state"]) == (80, "it", "started")
    assert known["tosca_id"] == "service/it"
    assert world.attributes("server")["public_address"] == "127.0.0.1"


def test_what_cannot_run_is_found_before_anything_runs(world: World) -> None:
    with_script(world, "just a text\n", ".txt")
    portion = world.portion()
    found = world.backends["local"].lower(portion).diagnostics
    assert [(d.rule.name, d.span.position.line) for d in found] == [("local-not-runnable", 18)]
    assert "neither a program nor a script" in found[0].message


def test_a_missing_interpreter_is_one_clear_error(world: World) -> None:
    run = with_script(world, "#!/no/such/interpreter\n", ".tool").apply()
    (failure,) = run.failures
    assert "`create` of `it` (scripts/create.tool) ended with exit status" in failure.message


def test_missing_bash_is_one_clear_error(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (failure,) = with_script(world, "echo\n").apply().failures
    assert failure.message == "`scripts/create.sh` needs bash, which is not on the PATH"
    assert "install bash" in failure.hint


def test_inputs_that_are_too_large_are_one_clear_error(world: World) -> None:
    with_script(world, "echo\n")
    (failure,) = world.apply(password="x" * 300_000).failures
    assert "cannot be started" in failure.message


def test_the_payload_of_a_step_says_what_runs(world: World) -> None:
    with_script(world, "echo\n")
    steps = {step.key: step for step in world.plan().steps if step.unit == "local/node/it"}
    assert steps["create"].payload["script"] == "scripts/create.sh"
    assert steps["create"].payload["interpreter"] == "bash"
    assert json.dumps(steps["create"].payload["run_once"]) == "false"


def test_operation_outputs_and_artifacts_reach_other_operations(world: World) -> None:
    """`get_operation_output` without a declared output, and `get_artifact` of the host."""
    world.service(
        """
        topology_template:
          node_templates:
            it:
              type: tosca.nodes.SoftwareComponent
              requirements: [ host: server ]
              interfaces:
                Standard:
                  create: make.sh
                  configure:
                    implementation: read.sh
                    inputs:
                      made: { get_operation_output: [ SELF, Standard, create, made ] }
                      map: { get_artifact: [ HOST, map ] }
            server:
              type: tosca.nodes.Compute
              artifacts:
                map: { file: files/map.txt, type: tosca.artifacts.File }
        """
    )
    world.write("make.sh", "export made=this other=that\n")
    world.write("read.sh", 'echo "$made $(cat "$map")"\n')
    world.write("files/map.txt", "the map\n")
    run = world.apply()
    assert (run.outcome, run.lines) == ("done", ["this the map"]), run.failures
    assert world.attributes("it")["Standard.create.made"] == "this"
    assert world.apply().started == []
