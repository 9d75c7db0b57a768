"""Saved plans: applied as they are, or refused by name of what moved; what goes on after one."""

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Run

GIVEN = ("-i", "size=1", "-i", "word=it's", "-i", "token=geheim")


@pytest.fixture
def saved(toscactl: Run, service: str) -> str:
    ended = toscactl("plan", service, "--target", "local", "--out", "plan.json", *GIVEN)
    assert ended.code == 0
    return "plan.json"


def test_only_secrets_are_given_again(toscactl: Run, saved: str) -> None:
    assert "geheim" not in Path(saved).read_text()
    assert toscactl("apply", saved, "--yes", "-i", "token=geheim").code == 0
    assert toscactl("outputs", "own", "size").out == "1\n"


@pytest.mark.parametrize(
    ("arguments", "moved"),
    [(("-i", "size=2"), "input `size`"), (("-i", "word=other"), "input `word`")],
)
def test_other_inputs_are_refused_by_name(
    toscactl: Run, saved: str, arguments: tuple[str, ...], moved: str
) -> None:
    ended = toscactl("apply", saved, "--yes", "-i", "token=geheim", *arguments)
    assert ended.code == 3
    assert moved in ended.err
    assert toscactl("status").out == ""


def test_a_changed_script_is_named(toscactl: Run, saved: str) -> None:
    Path("create.sh").write_text("#!/bin/bash\nexit 0\n")
    ended = toscactl("apply", saved, "--yes", "-i", "token=geheim")
    assert ended.code == 3
    assert "the script `create.sh` has changed" in ended.err


def test_a_target_of_which_other_things_are_known_is_named(toscactl: Run, service: str) -> None:
    text = "targets:\n  here:\n    backend: local\n    facts: { speed: %s }\n"
    Path("targets.yaml").write_text(text % "slow")
    toscactl("plan", service, "--target", "here", "--out", "plan.json", "-i", "size=1")
    Path("targets.yaml").write_text(text % "fast")
    ended = toscactl("apply", "plan.json", "--yes")
    assert ended.code == 3
    assert "target `here` has changed" in ended.err


def test_nothing_on_the_command_line_contradicts_a_plan(toscactl: Run, saved: str) -> None:
    again = ("apply", saved, "--yes", "-i", "token=geheim")
    assert toscactl(*again, "--target", "openstack").code == 2
    assert toscactl(*again, "--name", "other").code == 2
    assert toscactl("status").out == ""
    assert toscactl(*again, "--target", "local", "--name", "own").code == 0


def test_a_plan_is_applied_where_it_was_made(
    toscactl: Run, saved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("elsewhere").mkdir()
    plan = Path(saved).absolute()
    monkeypatch.chdir("elsewhere")
    ended = toscactl("apply", str(plan), "--yes", "-i", "token=geheim")
    assert ended.code == 3
    assert "folder where it was made" in ended.err


@pytest.mark.parametrize("cut", [40, 300])
def test_a_plan_that_was_cut_off(toscactl: Run, saved: str, cut: int) -> None:
    Path(saved).write_text(Path(saved).read_text()[:cut])
    ended = toscactl("apply", saved, "--yes")
    assert ended.code == 3
    assert "plan.json" in ended.err
    assert "toscactl plan" in ended.err


def test_the_command_that_goes_on_can_be_pasted(toscactl: Run, saved: str) -> None:
    Path("create.sh").write_text("#!/bin/bash\nexit 7\n")
    toscactl("plan", "own.yaml", "--target", "local", "--out", saved, *GIVEN)
    for start in (
        ("apply", "own.yaml", "--target", "local", "--yes", *GIVEN),
        ("apply", saved, "--yes", "-i", "token=geheim"),
    ):
        ended = toscactl(*start)
        assert ended.code == 1
        assert "geheim" not in ended.err
        (line,) = (one for one in ended.err.splitlines() if "to go on where it was" in one)
        words = shlex.split(line.partition(": ")[2])
        assert words[:3] == ["toscactl", "apply", "own.yaml"]
        assert "word=it's" in words
        assert "token=..." in words
        assert toscactl("destroy", "own", "--yes").code == 0
        toscactl("plan", "own.yaml", "--target", "local", "--out", saved, *GIVEN)


def test_a_plan_of_a_move_goes_only_to_where_it_was_told(toscactl: Run, service: str) -> None:
    targets = "targets:\n  {}: {{ backend: local }}\n"
    Path("targets.yaml").write_text(targets.format("old"))
    toscactl("apply", service, "--target", "old", "--yes", "-i", "size=1")
    Path("targets.yaml").write_text(targets.format("new"))
    plan = ("plan", service, "--target", "new", "--out", "plan.json", "-i", "size=1")
    planned = toscactl(*plan)
    assert planned.code == 0
    assert "it goes to the target `new`" in planned.out
    data = json.loads(Path("plan.json").read_text())
    assert {one["name"]: one["chosen"] for one in data["targets"]} == {"new": True, "old": False}
    assert toscactl("apply", "plan.json", "--yes").code == 0


def test_two_targets_on_this_machine_leave_each_other_alone(toscactl: Run) -> None:
    Path("targets.yaml").write_text(
        "targets:\n  one: { backend: local }\n  two: { backend: local }\n"
    )
    Path("slow.sh").write_text("#!/bin/bash\nsleep 1\n")
    Path("two.yaml").write_text(
        "tosca_definitions_version: tosca_simple_yaml_1_3\n"
        "topology_template:\n"
        "  node_templates:\n"
        + "".join(
            f"    {name}:\n"
            f"      type: tosca.nodes.Root\n"
            f"      metadata: {{ target: {target} }}\n"
            "      interfaces: { Standard: { operations:"
            " { create: slow.sh, start: slow.sh, delete: slow.sh } } }\n"
            for name, target in (("a", "one"), ("b", "two"), ("c", "one"), ("d", "two"))
        )
    )
    for _ in range(2):
        ended = toscactl("apply", "two.yaml", "-t", "one", "-t", "two", "--yes")
        assert ended.code == 0, ended.err
    gone = toscactl("destroy", "two", "--yes")
    assert gone.code == 0, gone.err
