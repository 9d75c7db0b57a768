"""States as rows of the database: JSON in which every secret is sealed, files by their content."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from toscactl.address import Address
from toscactl.desired import Unit, UnitChange
from toscactl.desired.serialize import blobs, from_json, to_json
from toscactl.state.model import State, StepStatus, UnitRecord
from toscactl.state.sealing import Seal
from toscactl.targets import Target
from toscactl.values import Value

N = TypeVar("N", Unit, UnitChange)

LEFT_BEHIND = "~"
"""Stands before the key of a step that was begun for a change that was abandoned since."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Reads and writes what has values in it."""

    seal: Seal

    def text(self, value: Value) -> str:
        return _compact(self.seal.encode(value))

    def value(self, text: str) -> Value:
        return self.seal.decode(json.loads(text))

    def mapping(self, text: str) -> Mapping[str, Value]:
        value = self.value(text)
        if isinstance(value, Mapping):
            return value
        raise ValueError("not a map of values")

    def document(self, state: State) -> str:
        """What a run starts from, without units and attributes."""
        targets = {
            name: {
                "backend": target.backend,
                "variant": target.variant,
                "connection": self.seal.encode(target.connection),
                "facts": self.seal.encode(target.facts),
            }
            for name, target in state.targets.items()
        }
        return _compact(
            {
                "service": state.service,
                "service_version": state.service_version,
                "service_digest": state.service_digest,
                "source": state.source,
                "targets": targets,
                "inputs": self.seal.encode(state.inputs),
                "outputs": self.seal.encode(state.outputs),
            }
        )

    def state(self, connection: sqlite3.Connection, deployment: str) -> State:
        row = connection.execute(
            "SELECT serial, key, document FROM deployments WHERE name = ?", (deployment,)
        ).fetchone()
        if row is None:
            return State(deployment)
        serial, key, text = row
        document = json.loads(text)
        return State(
            deployment,
            serial,
            bytes(key),
            service=str(document["service"]),
            service_version=document["service_version"],
            service_digest=str(document["service_digest"]),
            source=str(document["source"]),
            targets={name: self._target(name, item) for name, item in document["targets"].items()},
            inputs=self._map(document["inputs"]),
            outputs=self._map(document["outputs"]),
            units=self._units(connection, deployment),
            attributes=self._attributes(connection, deployment),
            outcome=_outcome(connection, deployment),
        )

    def _target(self, name: str, data: Mapping[str, object]) -> Target:
        return Target(
            name,
            str(data["backend"]),
            str(data["variant"]),
            self._map(data["connection"]),
            self._map(data["facts"]),
        )

    def _map(self, data: object) -> Mapping[str, Value]:
        value = self.seal.decode(data)
        if isinstance(value, Mapping):
            return value
        raise ValueError("not a map of values")

    def _units(self, connection: sqlite3.Connection, deployment: str) -> Mapping[str, UnitRecord]:
        content = {
            str(digest): bytes(data)
            for digest, data in connection.execute(
                "SELECT digest, data FROM blobs WHERE digest IN"
                " (SELECT digest FROM uses WHERE deployment = ?)",
                (deployment,),
            )
        }
        ledger: dict[str, dict[str, StepStatus]] = {}
        running: dict[str, dict[str, Mapping[str, Value]]] = {}
        for unit, key, status, record in connection.execute(
            "SELECT unit, key, status, running FROM ledger WHERE deployment = ?", (deployment,)
        ):
            if not key.startswith(LEFT_BEHIND):
                ledger.setdefault(unit, {})[key] = StepStatus(status)
            if status == StepStatus.RUNNING.value and record is not None:
                running.setdefault(unit, {})[key] = self.mapping(record)
        found = {}
        for id_, unit, change, observed, used in connection.execute(
            "SELECT id, unit, change, observed, used FROM units WHERE deployment = ?"
            " ORDER BY number",
            (deployment,),
        ):
            found[id_] = UnitRecord(
                id_,
                None if unit is None else self._noun(Unit, unit, content),
                None if change is None else self._noun(UnitChange, change, content),
                ledger.get(id_, {}),
                running.get(id_, {}),
                self.mapping(observed),
                self.mapping(used),
            )
        return found

    def _noun(self, kind: type[N], text: str, content: Mapping[str, bytes]) -> N:
        return from_json(
            kind, json.loads(text), content=content.__getitem__, decode=self.seal.decode
        )

    def _attributes(
        self, connection: sqlite3.Connection, deployment: str
    ) -> Mapping[Address, Mapping[str, Value]]:
        found: dict[Address, dict[str, Value]] = {}
        for address, name, value in connection.execute(
            "SELECT address, name, value FROM attributes WHERE deployment = ?"
            " ORDER BY address, name",
            (deployment,),
        ):
            found.setdefault(Address.parse(address), {})[name] = self.value(value)
        return found

    def write_attributes(
        self,
        connection: sqlite3.Connection,
        deployment: str,
        attributes: Mapping[Address, Mapping[str, Value]],
    ) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO attributes VALUES (?, ?, ?, ?)",
            [
                (deployment, str(address), name, self.text(value))
                for address, values in attributes.items()
                for name, value in values.items()
            ],
        )

    def write_change(
        self, connection: sqlite3.Connection, deployment: str, unit: str, change: UnitChange
    ) -> None:
        """Keep a change, the instances that it makes, and the files that it needs."""
        text = _compact(to_json(change, self.seal.encode))
        connection.execute(
            "INSERT INTO units (deployment, id, change) VALUES (?, ?, ?)"
            " ON CONFLICT (deployment, id) DO UPDATE SET change = excluded.change",
            (deployment, unit, text),
        )
        files = blobs(change)
        connection.executemany(
            "INSERT OR IGNORE INTO blobs VALUES (?, ?)",
            [(blob.digest, blob.data) for blob in files.values()],
        )
        self._refer(connection, deployment, unit, (change.before, change.after), reset=False)

    def settle(
        self, connection: sqlite3.Connection, deployment: str, unit: str, after: Unit
    ) -> None:
        """A unit is as it was wanted: only what it needs itself is kept."""
        text = _compact(to_json(after, self.seal.encode))
        connection.execute(
            "UPDATE units SET unit = ?, change = NULL WHERE deployment = ? AND id = ?",
            (text, deployment, unit),
        )
        self._refer(connection, deployment, unit, (after,), reset=True)

    def _refer(
        self,
        connection: sqlite3.Connection,
        deployment: str,
        id_: str,
        units: Iterable[Unit | None],
        *,
        reset: bool,
    ) -> None:
        if reset:
            for table in ("makes", "uses"):
                connection.execute(
                    f"DELETE FROM {table} WHERE deployment = ? AND unit = ?",  # noqa: S608
                    (deployment, id_),
                )
        known = [unit for unit in units if unit is not None]
        connection.executemany(
            "INSERT OR IGNORE INTO makes VALUES (?, ?, ?)",
            [(deployment, id_, str(a)) for unit in known for a in unit.instances],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO uses VALUES (?, ?, ?)",
            [(deployment, id_, b.digest) for unit in known for b in unit.files.values()],
        )


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))


def _outcome(connection: sqlite3.Connection, deployment: str) -> str | None:
    row = connection.execute(
        "SELECT outcome FROM runs WHERE deployment = ? ORDER BY number DESC LIMIT 1", (deployment,)
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])
