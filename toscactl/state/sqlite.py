"""`SqliteStore`: states, journals and locks in one file of a folder."""

import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from toscactl.desired import Blob, UnitChange
from toscactl.desired.serialize import from_json
from toscactl.errors import Locked, StateError
from toscactl.state.database import Database, one
from toscactl.state.model import (
    JournalEntry,
    LockOwner,
    State,
    StepResult,
    StepStatus,
)
from toscactl.state.process import Process, lives, this_process
from toscactl.state.rows import LEFT_BEHIND, Rows
from toscactl.state.sealing import Seal
from toscactl.values import Value

_KEY_BYTES = 32
_LONGEST_NAME = 100


def open_store(path: str | None) -> "SqliteStore":
    """The store in a folder, which need not exist yet; with None one that goes when it is let go.

    Nothing is read or made before it is needed; then `StateError` says what is wrong.
    """
    if path is not None:
        return SqliteStore(path)
    folder = tempfile.mkdtemp(prefix="toscactl-")
    store = SqliteStore(folder)
    weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store


class SqliteStore:
    """A `Store` in a folder: `toscactl.db`, the key of its secrets, and a folder per deployment.

    A folder that it makes is open to its owner only (0700), as are the files (0600).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._folder = Path(path).absolute()
        self._database = Database(self._folder)
        self._rows = Rows(Seal(self._folder))
        self._held: dict[str, str] = {}
        weakref.finalize(self, self._database.close)

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        self._database.close()

    def deployments(self) -> Sequence[str]:
        with self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute("SELECT name FROM deployments ORDER BY name").fetchall()
            return tuple(name for (name,) in rows)

    def read(self, deployment: str) -> State:
        with self._database.reading() as connection, self._undamaged():
            if connection is None:
                return State(deployment)
            return self._rows.state(connection, deployment)

    @contextmanager
    def lock(self, deployment: str, operation: str) -> Iterator[None]:
        token = self._take(deployment, operation)
        self._held[deployment] = token
        try:
            yield
        finally:
            self._held.pop(deployment, None)
            with self._database.writing() as connection:
                connection.execute(
                    "DELETE FROM locks WHERE deployment = ? AND token = ?", (deployment, token)
                )

    def _take(self, deployment: str, operation: str) -> str:
        me = this_process()
        token = secrets.token_hex(16)
        with self._database.writing() as connection:
            row = _lock_row(connection, deployment)
            if row is not None and lives(row[0]):
                raise _locked(deployment, row[1])
            connection.execute(
                "INSERT OR REPLACE INTO locks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (deployment, token, me.who, me.pid, me.host, me.started, operation, _now()),
            )
        return token

    def owner(self, deployment: str) -> LockOwner | None:
        with self._database.reading() as connection:
            row = None if connection is None else _lock_row(connection, deployment)
            return row[1] if row is not None and lives(row[0]) else None

    def unlock(self, deployment: str) -> LockOwner | None:
        with self._database.reading() as connection:
            if connection is None or _lock_row(connection, deployment) is None:
                return None
        with self._database.writing() as connection:
            row = _lock_row(connection, deployment)
            connection.execute("DELETE FROM locks WHERE deployment = ?", (deployment,))
            return None if row is None else row[1]

    def begin_run(self, state: State, operation: str) -> int:
        deployment = state.deployment
        with self._database.writing() as connection:
            self._check_lock(connection, deployment)
            connection.execute(
                "INSERT INTO deployments VALUES (?, 1, ?, ?) ON CONFLICT (name)"
                " DO UPDATE SET serial = serial + 1, document = excluded.document",
                (deployment, secrets.token_bytes(_KEY_BYTES), self._rows.document(state)),
            )
            last = one(
                connection, "SELECT max(number) FROM runs WHERE deployment = ?", (deployment,)
            )
            run = (last if isinstance(last, int) else 0) + 1
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, NULL, NULL)",
                (deployment, run, operation, _now()),
            )
            _note(connection, deployment, run, "", operation, "run-begun")
            return run

    def begin_change(self, deployment: str, run: int, unit: str, change: UnitChange) -> None:
        del run
        with self._database.writing() as connection:
            self._check_lock(connection, deployment)
            _grow(connection, deployment)
            self._rows.write_change(connection, deployment, unit, change)
            _seed_ledger(connection, deployment, unit, change)

    def begin_step(self, deployment: str, run: int, unit: str, key: str, verb: str) -> None:
        with self._database.writing() as connection:
            self._check_lock(connection, deployment)
            _grow(connection, deployment)
            # What an earlier run of the step left behind stays known until it has a result.
            connection.execute(
                "INSERT INTO ledger VALUES (?, ?, ?, ?, NULL)"
                " ON CONFLICT (deployment, unit, key) DO UPDATE SET status = excluded.status",
                (deployment, unit, key, StepStatus.RUNNING.value),
            )
            _note(connection, deployment, run, f"{unit}#{key}", verb, "begun")

    def running(self, deployment: str, unit: str, key: str, record: Mapping[str, Value]) -> None:
        with self._database.writing() as connection:
            _grow(connection, deployment)
            connection.execute(
                "UPDATE ledger SET running = ? WHERE deployment = ? AND unit = ? AND key = ?",
                (self._rows.text(record), deployment, unit, key),
            )

    def end_step(self, deployment: str, run: int, unit: str, key: str, result: StepResult) -> None:
        with self._database.writing() as connection, self._undamaged():
            _grow(connection, deployment)
            connection.execute(
                "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, NULL)",
                (deployment, unit, key, result.status.value),
            )
            if result.gone:
                _forget_attributes(connection, deployment, unit)
            self._observe(connection, deployment, unit, result)
            self._rows.write_attributes(connection, deployment, result.attributes)
            verb = one(
                connection,
                "SELECT verb FROM journal WHERE deployment = ? AND step = ?"
                " ORDER BY number DESC LIMIT 1",
                (deployment, f"{unit}#{key}"),
            )
            event = "ok" if result.status is StepStatus.OK else "failed"
            step = f"{unit}#{key}"
            _note(
                connection, deployment, run, step, str(verb or ""), event, result.detail, result.log
            )
            if result.used is not None:
                self._end_change(connection, deployment, unit, result.used)

    def end_change(
        self, deployment: str, unit: str, used: Mapping[str, Value] | None = None
    ) -> None:
        with self._database.writing() as connection, self._undamaged():
            _grow(connection, deployment)
            self._end_change(connection, deployment, unit, used or {})

    def skip_steps(
        self, deployment: str, run: int, steps: Sequence[tuple[str, str]], cause: str
    ) -> None:
        with self._database.writing() as connection:
            for step, verb in steps:
                _note(connection, deployment, run, step, verb, "skipped", cause)

    def end_run(self, deployment: str, run: int, outcome: str) -> None:
        with self._database.writing() as connection:
            _grow(connection, deployment)
            connection.execute(
                "UPDATE runs SET ended = ?, outcome = ? WHERE deployment = ? AND number = ?",
                (_now(), outcome, deployment, run),
            )
            _note(connection, deployment, run, "", "", "run-ended", outcome)
            _drop_unused_blobs(connection)

    def forget(self, deployment: str) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM deployments WHERE name = ?", (deployment,))
            for table in ("units", "makes", "uses", "ledger", "attributes"):
                connection.execute(
                    f"DELETE FROM {table} WHERE deployment = ?",  # noqa: S608
                    (deployment,),
                )
            _drop_unused_blobs(connection)
        shutil.rmtree(self._work_folder(deployment), ignore_errors=True)

    def history(self, deployment: str) -> Iterator[JournalEntry]:
        with self._database.reading() as connection, self._undamaged():
            rows = (
                []
                if connection is None
                else connection.execute(
                    "SELECT number, run, at, step, verb, event, detail, log FROM journal"
                    " WHERE deployment = ? ORDER BY number",
                    (deployment,),
                ).fetchall()
            )
            entries = [_entry(*row) for row in rows]
        yield from entries

    def folder(self, deployment: str) -> str:
        path = self._work_folder(deployment)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"`{path}` cannot be made: {(error.strerror or '').lower()}"
            ) from error
        return str(path)

    def blob(self, digest: str) -> Blob:
        with self._database.reading() as connection:
            data = (
                None
                if connection is None
                else one(connection, "SELECT data FROM blobs WHERE digest = ?", (digest,))
            )
        if not isinstance(data, bytes):
            raise StateError(f"the state `{self._database.path}` has no file {digest}")
        return Blob(digest, data)

    def _work_folder(self, deployment: str) -> Path:
        return self._folder / "deployments" / _file_name(deployment)

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Rows that cannot be understood are damage."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                f"the state `{self._database.path}` is damaged: {error}",
                hint="it was left as it is; put a copy back, or give another folder with --state",
            ) from error

    def _check_lock(self, connection: sqlite3.Connection, deployment: str) -> None:
        """Nobody may begin anything after somebody else broke the lock."""
        token = self._held.get(deployment)
        if token is None:
            return
        query = "SELECT token FROM locks WHERE deployment = ?"
        if one(connection, query, (deployment,)) != token:
            raise Locked(f"the lock on `{deployment}` was broken while this process held it")

    def _observe(
        self, connection: sqlite3.Connection, deployment: str, unit: str, result: StepResult
    ) -> None:
        if not result.gone and not result.observed:
            return
        known: Mapping[str, Value] = {}
        if not result.gone:
            query = "SELECT observed FROM units WHERE deployment = ? AND id = ?"
            text = one(connection, query, (deployment, unit))
            known = self._rows.mapping(text) if isinstance(text, str) else {}
        connection.execute(
            "UPDATE units SET observed = ? WHERE deployment = ? AND id = ?",
            (self._rows.text({**known, **result.observed}), deployment, unit),
        )

    def _end_change(
        self,
        connection: sqlite3.Connection,
        deployment: str,
        unit: str,
        used: Mapping[str, Value],
    ) -> None:
        query = "SELECT change FROM units WHERE deployment = ? AND id = ?"
        text = one(connection, query, (deployment, unit))
        if not isinstance(text, str):
            return
        connection.execute(
            "DELETE FROM ledger WHERE deployment = ? AND unit = ?", (deployment, unit)
        )
        data = json.loads(text)
        if data["after"] is None:
            _forget_attributes(connection, deployment, unit)
            for table, column in (("units", "id"), ("makes", "unit"), ("uses", "unit")):
                connection.execute(
                    f"DELETE FROM {table} WHERE deployment = ? AND {column} = ?",  # noqa: S608
                    (deployment, unit),
                )
            return
        change = from_json(UnitChange, data, content=lambda _: b"", decode=self._rows.seal.decode)
        assert change.after is not None
        self._rows.settle(connection, deployment, unit, change.after)
        connection.execute(
            "UPDATE units SET used = ? WHERE deployment = ? AND id = ?",
            (self._rows.text(used), deployment, unit),
        )


def _lock_row(connection: sqlite3.Connection, deployment: str) -> tuple[Process, LockOwner] | None:
    row = connection.execute(
        "SELECT who, pid, host, started, operation, since FROM locks WHERE deployment = ?",
        (deployment,),
    ).fetchone()
    if row is None:
        return None
    who, pid, host, started, operation, since = row
    return Process(who, pid, host, started), LockOwner(who, pid, host, operation, since)


def _locked(deployment: str, owner: LockOwner) -> Locked:
    return Locked(
        f"`{deployment}` is locked: {owner.who} runs `{owner.operation}` on {owner.host}"
        f" (process {owner.pid}) since {owner.since}",
        hint=f"wait for it; if it is gone for good: toscactl unlock {deployment}",
    )


def _entry(
    number: int, run: int, at: str, step: str, verb: str, event: str, detail: str, log: str
) -> JournalEntry:
    return JournalEntry(number, run, at, step, verb, event, detail, tuple(json.loads(log)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _grow(connection: sqlite3.Connection, deployment: str) -> None:
    connection.execute("UPDATE deployments SET serial = serial + 1 WHERE name = ?", (deployment,))


def _note(
    connection: sqlite3.Connection,
    deployment: str,
    run: int,
    step: str,
    verb: str,
    event: str,
    detail: str = "",
    log: Sequence[str] = (),
) -> None:
    connection.execute(
        "INSERT INTO journal (deployment, run, at, step, verb, event, detail, log)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (deployment, run, _now(), step, verb, event, detail, json.dumps(list(log))),
    )


def _seed_ledger(
    connection: sqlite3.Connection, deployment: str, unit: str, change: UnitChange
) -> None:
    """The ledger of a change: what it says is done or begun; what was left behind is set apart."""
    rows = connection.execute(
        "SELECT key, status FROM ledger WHERE deployment = ? AND unit = ?", (deployment, unit)
    ).fetchall()
    for key, status in rows:
        if key in change.begun or key.startswith(LEFT_BEHIND):
            continue
        where = "WHERE deployment = ? AND unit = ? AND key = ?"
        if status == StepStatus.RUNNING.value:
            connection.execute(
                f"UPDATE OR REPLACE ledger SET key = ? {where}",  # noqa: S608
                (LEFT_BEHIND + key, deployment, unit, key),
            )
        else:
            connection.execute(f"DELETE FROM ledger {where}", (deployment, unit, key))  # noqa: S608
    for keys, status in ((change.done, StepStatus.OK), (change.begun, StepStatus.RUNNING)):
        connection.executemany(
            "INSERT OR IGNORE INTO ledger VALUES (?, ?, ?, ?, NULL)",
            [(deployment, unit, key, status.value) for key in sorted(keys)],
        )


def _forget_attributes(connection: sqlite3.Connection, deployment: str, unit: str) -> None:
    """Drop the attributes of the instances that this unit makes and no other one does."""
    connection.execute(
        "DELETE FROM attributes WHERE deployment = :d AND address IN"
        " (SELECT address FROM makes WHERE deployment = :d AND unit = :u) AND address NOT IN"
        " (SELECT address FROM makes WHERE deployment = :d AND unit <> :u)",
        {"d": deployment, "u": unit},
    )


def _drop_unused_blobs(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM blobs WHERE digest NOT IN (SELECT digest FROM uses)")


def _file_name(deployment: str) -> str:
    """A name for a folder that tells deployments apart and leads nowhere else."""
    if (
        re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", deployment)
        and len(deployment) <= _LONGEST_NAME
    ):
        return deployment
    digest = hashlib.sha256(deployment.encode("utf-8", "surrogatepass")).hexdigest()
    shown = quote(deployment, safe="", errors="replace")[: _LONGEST_NAME // 2]
    return f"%{shown}-{digest[:16]}"
