"""A plan as text, JSON and Markdown; gates; saved plans that no longer fit."""

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from toscactl.address import Address
from toscactl.desired import Blob, Origin
from toscactl.errors import CannotRead, StalePlan
from toscactl.graph import InstanceGraph
from toscactl.planning import (
    KINDS,
    Plan,
    Risk,
    Unsupported,
    destroy,
    from_json,
    matching,
    schema,
    to_json,
    to_markdown,
    to_text,
    verify,
)
from toscactl.source import Place
from toscactl.targets import Target
from toscactl.testing import MemoryBackend
from toscactl.values import AttributeOf, Secret

Shop = Any  # the classes of conftest.py; pytest gives no name to import them by
Services = Any


def busy(shop: Shop, s: Services) -> Plan:
    """One of each: create, change, replace, delete, may change, unchanged."""
    shop.backend = MemoryBackend(shop.world, frozenset({"flavor"}))
    url = AttributeOf(Address("app"), "url")
    db = s.node("db", properties={"flavor": "s"})
    app = s.node("app", properties={"image": "shop:1", "password": Secret("first-secret")})
    proxy = s.node("proxy", "app", properties={"upstream": url})
    before = s.graph(db, app, proxy, s.node("same"), s.node("old"), outputs={"url": url})
    shop.apply(before)
    after = s.graph(
        s.node("db", properties={"flavor": "l"}),
        s.node("app", properties={"image": "shop:2", "password": Secret("other-secret")}),
        proxy,
        s.node("same"),
        s.node("new", properties={"a": {"b": 1}}),
        outputs={"url": url},
    )
    made: Plan = shop.plan(after)
    return made


def test_text_in_the_layout_that_people_know(shop: Shop, services: Services) -> None:
    text = to_text(busy(shop, services), width=100)
    prints = re.compile(r"changed [0-9a-f]{6} -> [0-9a-f]{6}\)( *)")
    assert prints.search(text)
    assert prints.sub(r"changed A -> B)          \1", text) == EXPECTED


EXPECTED = """\
toscactl plan shop on here (memory)                                                 6 nodes, 2 waves

wave 1
-/+ tosca.nodes.Root/db  REPLACE: `flavor` cannot be changed in place                service.yaml:58
      flavor  s -> l  # forces replacement                                           service.yaml:60
      risk: downtime
  ~ tosca.nodes.Root/app                                                             service.yaml:31
      image     shop:1 -> shop:2                                                     service.yaml:33
      password  (sensitive, changed A -> B)                                          service.yaml:33
  + tosca.nodes.Root/new                                                             service.yaml:40
  - tosca.nodes.Root/old  no longer wanted by the service                            service.yaml:29

wave 2
  ? tosca.nodes.Root/proxy  may update: only if `app.url` changes                    service.yaml:38
      upstream  app.url -> (known after apply: app.url)                              service.yaml:40

Outputs
  url = (known after apply: app.url)

Destructive: 1 replace (tosca.nodes.Root/db), 1 delete (tosca.nodes.Root/old)
Plan: 1 to create, 1 to change, 1 to replace, 1 to delete, 1 may change, 1 unchanged.
Evidence: 5 schema.
"""


def test_colors_only_add(shop: Shop, services: Services) -> None:
    made = busy(shop, services)
    colored = to_text(made, color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == to_text(made)


def test_nothing_to_do_is_said(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("db"))
    shop.apply(service)
    assert to_text(shop.plan(service)).endswith("\nPlan: no changes, 1 unchanged.\n")


def test_names_cannot_move_the_cursor(shop: Shop, services: Services) -> None:
    service = services.graph(services.node("\x1b[2Jdb", properties={"x": "a\nb\x07"}))
    made = shop.plan(service)
    for text in (to_text(made, verbose=True), to_markdown(made)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_json_follows_its_schema_and_holds_no_secret(shop: Shop, services: Services) -> None:
    made = busy(shop, services)
    text = to_json(made)
    data = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(data, schema())
    assert text.startswith('{\n  "format": "toscactl.plan/1"')
    assert data["summary"] == {
        "create": 1, "update": 1, "replace": 1, "delete": 1, "run": 0, "may": 1, "noop": 1,
    }  # fmt: skip
    assert "secret" not in text
    changes = {
        change["path"]: change
        for action in data["actions"]
        if action["name"] == "app"
        for change in action["changes"]
    }
    assert changes["image"]["before"] == "shop:1"
    assert changes["image"]["after"] == "shop:2"
    assert "after" not in changes["password"]
    prints = changes["password"]["fingerprints"]
    assert prints["before"]
    assert prints["before"] != prints["after"]


def test_a_new_deployment_has_no_fingerprints(shop: Shop, services: Services) -> None:
    service = services.graph(
        services.node("db", properties={"password": Secret("word-of-honor")}),
        inputs={"password": "word-of-honor", "size": 3},
        secret=("password",),
    )
    data = json.loads(to_json(shop.plan(service)))
    jsonschema.validate(data, schema())
    (action,) = data["actions"]
    assert action["changes"][0]["fingerprints"] == {"before": None, "after": None}
    assert data["inputs"]["password"] == {"digest": "", "sensitive": True}
    assert len(data["inputs"]["size"]["digest"]) == 64


def test_the_same_plan_is_the_same_bytes(shop: Shop, services: Services) -> None:
    made = busy(shop, services)
    again = shop.plan(
        services.graph(
            services.node("db", properties={"flavor": "l"}),
            services.node(
                "app", properties={"password": Secret("other-secret"), "image": "shop:2"}
            ),
            services.node(
                "proxy", "app", properties={"upstream": AttributeOf(Address("app"), "url")}
            ),
            services.node("same"),
            services.node("new", properties={"a": {"b": 1}}),
            outputs={"url": AttributeOf(Address("app"), "url")},
        )
    )
    assert to_json(made) == to_json(again)
    assert to_text(made) == to_text(again)
    assert to_markdown(made) == to_markdown(again)


def with_input(s: Services, value: object, **properties: object) -> InstanceGraph:
    graph: InstanceGraph = s.graph(
        s.node("db", properties=properties), inputs={"size": value}, secret=("size",)
    )
    return graph


def test_a_saved_plan_that_fits_is_accepted(shop: Shop, services: Services) -> None:
    made = shop.plan(with_input(services, 1))
    saved = from_json(to_json(made))
    assert (saved.deployment, saved.source, saved.targets[0].name) == (
        "shop", "service.yaml", "here",
    )  # fmt: skip
    verify(saved, shop.plan(with_input(services, 1)))


def test_a_saved_plan_says_what_moved(shop: Shop, services: Services) -> None:
    saved = from_json(to_json(shop.plan(with_input(services, 1))))
    shop.apply(with_input(services, 1))
    with pytest.raises(StalePlan, match="the state has moved"):
        verify(saved, shop.plan(with_input(services, 1)))

    saved = from_json(to_json(shop.plan(with_input(services, 1))))
    with pytest.raises(StalePlan, match="input `size` has changed"):
        verify(saved, shop.plan(with_input(services, 2)))
    with pytest.raises(StalePlan, match="what would be done differs"):
        verify(saved, shop.plan(with_input(services, 1, other=True)))
    now = shop.plan(with_input(services, 1))
    moved = replace(
        now,
        targets=(Target("there", "memory"),),
        preconditions=replace(now.preconditions, service_digest="d2", tool_version="9"),
    )
    with pytest.raises(StalePlan) as caught:
        verify(saved, moved)
    for part in ("the service `service.yaml`", "toscactl is now 9", "`here`", "`there`"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "toscactl.plan/2"}', '{"format": "toscactl.plan/1"}', "\x00"],
)
def test_what_is_no_saved_plan_is_refused(text: str) -> None:
    with pytest.raises(CannotRead):
        from_json(text)


def test_gates(shop: Shop, services: Services) -> None:
    made = busy(shop, services)
    names = {kind: [action.name for action in matching(made, [kind])] for kind in KINDS}
    assert names == {
        "create": ["new"],
        "update": ["app", "proxy"],
        "replace": ["db"],
        "delete": ["old"],
        "run": [],
        "may": ["proxy"],
        "downtime": ["db"],
        "data-loss": [],
        "any": ["db", "app", "new", "old", "proxy"],
    }
    assert matching(made, []) == ()


def test_losing_data_is_a_risk_of_its_own(shop: Shop, services: Services) -> None:
    shop.apply(services.graph(services.node("disk")))
    made = shop.plan_destroy()
    unit = made.units[0].before
    kept = replace(unit, resources=(replace(unit.resources[0], holds_data=True),))
    state = shop.state
    record = replace(state.units[unit.id], unit=kept)
    again = destroy(replace(state, units={unit.id: record}), shop.backends, tool_version="0.1.0")
    assert [action.risk for action in again.actions] == [Risk.DATA_LOSS]
    assert matching(again, ["data-loss"])


def test_markdown_begins_with_the_summary_and_folds_the_rest(
    shop: Shop, services: Services
) -> None:
    made = replace(
        busy(shop, services),
        unsupported=(Unsupported("here", "no-metrics", "a policy", Place("s.yaml", 9)),),
    )
    text = to_markdown(made)
    lines = text.splitlines()
    assert lines[0].startswith("Plan of shop on here: 1 to create, 1 to change, 1 to replace")
    assert lines[2] == "<!-- toscactl:plan:shop -->"
    assert "- **replace** `tosca.nodes.Root/db`" in text
    assert text.index("### Destructive") < text.index("<details>")
    assert "- `no-metrics` a policy (`s.yaml:9`)" in text
    assert text.count("<details>") == text.count("</details>") == 5
    assert "secret" not in text


def test_markdown_keeps_its_budget_and_says_what_it_left_out(
    shop: Shop, services: Services
) -> None:
    nodes = [
        services.node(f"n{number}", properties={f"p{i}": "x" * 50 for i in range(number % 40)})
        for number in range(200)
    ]
    made = shop.plan(services.graph(*nodes))
    for budget in (60_000, 20_000, 5_000):
        text = to_markdown(made, budget=budget)
        assert len(text) <= budget
        assert "truncated: " in text
    assert "truncated" not in to_markdown(made, budget=10_000_000)


def test_scripts_on_this_machine_are_told(shop: Shop, services: Services) -> None:
    made = shop.plan(services.graph(services.node("db")))
    (change,) = made.units
    blob = Blob("a" * 64, b"#!/bin/sh\n")
    unit = replace(change.after, files={"scripts/create.sh": blob})
    step = replace(
        made.steps[0],
        payload={"script": "scripts/create.sh", "interpreter": "bash"},
        origin=Origin("node db", Place("service.yaml", 12)),
    )
    local = replace(
        made,
        targets=(Target("here", "local"),),
        units=(replace(change, after=unit),),
        steps=(step, *made.steps[1:]),
    )
    text = to_text(local)
    assert "Scripts that will run on this machine:\n" in text
    assert "  scripts/create.sh  (bash, 10 bytes, sha256 aaaaaaaaaaaa)" in text
    assert "      db.create\n" in text
    assert "Scripts that" not in to_text(made)
    jsonschema.validate(json.loads(to_json(local)), schema())
