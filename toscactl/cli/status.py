"""`toscactl status`."""

import json
from typing import TYPE_CHECKING

import click

from toscactl.cli import options, terminal

if TYPE_CHECKING:
    from toscactl.state import State, Store


@click.command("status", short_help="Show what is deployed.")
@options.maybe_deployment
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or data.",
)
@options.state
def command(name: str | None, form: str, state_path: str | None) -> None:
    """Show all deployments, or what the deployment NAME is made of and how it is."""
    import toscactl

    store = options.opened_store(state_path)
    if name is None:
        states = [store.read(one) for one in store.deployments()]
        rows = [_summary(state, store) for state in states]
        if form == "json":
            terminal.result(json.dumps(rows, indent=2) + "\n")
        elif not rows:
            terminal.note("nothing is deployed")
        else:
            terminal.result(
                _table(
                    [["NAME", "STATUS", "NODES", "TARGETS", "SERVICE"]]
                    + [
                        [str(row[key]) for key in ("name", "status", "nodes", "targets", "service")]
                        for row in rows
                    ]
                )
            )
        return
    state = toscactl.deployment(name, store=store)
    if form == "json":
        terminal.result(json.dumps(_details(state, store), indent=2) + "\n")
    else:
        terminal.result(_text(state, store))


def _summary(state: "State", store: "Store") -> dict[str, object]:
    owner = store.owner(state.deployment)
    if owner is not None:
        status = f"{owner.operation} by {owner.who}, pid {owner.pid}, since {owner.since}"
    elif state.outcome != "done" or any(unit.change for unit in state.units.values()):
        status = "incomplete"
    else:
        status = "deployed"
    return {
        "name": state.deployment,
        "status": status,
        "nodes": len(state.attributes) or len(state.units),
        "targets": ", ".join(state.targets),
        "service": state.source,
    }


def _details(state: "State", store: "Store") -> dict[str, object]:
    return _summary(state, store) | {
        "serial": state.serial,
        "version": state.service_version,
        "units": [
            {
                "id": record.id,
                "status": "incomplete" if record.change is not None else "applied",
                "steps": {key: status.value for key, status in record.ledger.items()},
            }
            for record in state.units.values()
        ],
        "attributes": {
            str(address): {name: _shown(value) for name, value in attributes.items()}
            for address, attributes in state.attributes.items()
        },
    }


def _shown(value: object) -> object:
    from toscactl import values

    if values.is_sensitive(value):  # type: ignore[arg-type]  # from the store
        return "(sensitive)"
    return values.plain(value) if values.is_known(value) else "(not known yet)"  # type: ignore[arg-type]


def _text(state: "State", store: "Store") -> str:
    from toscactl import values

    summary = _summary(state, store)
    lines = [f"{state.deployment}: {summary['status']}"]
    lines.append(
        f"  service  {state.source}"
        + (f" {state.service_version}" if state.service_version else "")
    )
    lines.append(f"  targets  {summary['targets']}")
    for record in state.units.values():
        status = "incomplete" if record.change is not None else "applied"
        lines.append(f"  {record.id}  {status}")
        lines += [
            f"    {key}  {step.value}" for key, step in record.ledger.items() if record.change
        ]
    for address, attributes in state.attributes.items():
        lines.append(f"  {address}")
        for name, value in attributes.items():
            shown = _shown(value)
            lines.append(f"    {name} = {shown if isinstance(shown, str) else values.text(value)}")
    return "\n".join(lines) + "\n"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )
