"""The SQLite file of a state: opened with care, every access one transaction.

A write-ahead log with full synchronization: a transaction is on the disk when it returns, at the
price of one `fsync`; one that was cut off by SIGKILL or a power cut is left out when the file is
opened next. (A rollback journal takes three, which on a busy disk is all that a run then does.)
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toscactl.errors import StateError

FILE = "toscactl.db"
VERSION = 1
BUSY_SECONDS = 10.0
_MARK = 0x746F7363  # "tosc": how SQLite's `application_id` tells our files from others'

_TABLES = """
CREATE TABLE version (number INTEGER NOT NULL);
CREATE TABLE deployments (
    name TEXT PRIMARY KEY, serial INTEGER NOT NULL, key BLOB NOT NULL, document TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE locks (
    deployment TEXT PRIMARY KEY, token TEXT NOT NULL, who TEXT NOT NULL, pid INTEGER NOT NULL,
    host TEXT NOT NULL, started TEXT NOT NULL, operation TEXT NOT NULL, since TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE units (
    number INTEGER PRIMARY KEY, deployment TEXT NOT NULL, id TEXT NOT NULL, unit TEXT,
    change TEXT, observed TEXT NOT NULL DEFAULT '{}', used TEXT NOT NULL DEFAULT '{}',
    UNIQUE (deployment, id)
);
CREATE TABLE makes (
    deployment TEXT NOT NULL, unit TEXT NOT NULL, address TEXT NOT NULL,
    PRIMARY KEY (deployment, address, unit)
) WITHOUT ROWID;
CREATE INDEX makes_by_unit ON makes (deployment, unit);
CREATE TABLE uses (
    deployment TEXT NOT NULL, unit TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (digest, deployment, unit)
) WITHOUT ROWID;
CREATE INDEX uses_by_unit ON uses (deployment, unit);
CREATE TABLE ledger (
    deployment TEXT NOT NULL, unit TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL,
    running TEXT, PRIMARY KEY (deployment, unit, key)
) WITHOUT ROWID;
CREATE TABLE attributes (
    deployment TEXT NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (deployment, address, name)
) WITHOUT ROWID;
CREATE TABLE runs (
    deployment TEXT NOT NULL, number INTEGER NOT NULL, operation TEXT NOT NULL,
    begun TEXT NOT NULL, ended TEXT, outcome TEXT, PRIMARY KEY (deployment, number)
) WITHOUT ROWID;
CREATE TABLE journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT, deployment TEXT NOT NULL, run INTEGER NOT NULL,
    at TEXT NOT NULL, step TEXT NOT NULL, verb TEXT NOT NULL, event TEXT NOT NULL,
    detail TEXT NOT NULL, log TEXT NOT NULL
);
CREATE INDEX journal_by_deployment ON journal (deployment, number);
CREATE TABLE blobs (digest TEXT PRIMARY KEY, data BLOB NOT NULL);
"""

_CAUSES = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it cannot be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_AUTH: "access is denied",
    sqlite3.SQLITE_BUSY: "another process keeps it busy",
    sqlite3.SQLITE_LOCKED: "another process keeps it busy",
    sqlite3.SQLITE_IOERR: "reading or writing failed",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged: not a database",
    sqlite3.SQLITE_TOOBIG: "a value is too large",
}


class Database:
    """The database in a folder. Neither is made before something is to be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A consistent view; None if there is no database yet. Raises `StateError`."""
        with self._lock, self._guarded():
            if self._connection is None and not self._exists():
                yield None
                return
            connection = self._opened()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; rolled back if the block raises. Raises `StateError`."""
        with self._lock, self._guarded():
            if self._connection is None:
                self._made()
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                _roll_back(connection)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explained(error) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise StateError(f"the state `{self.path}` cannot be used: {reason.lower()}") from error

    def _explained(self, error: sqlite3.Error) -> StateError:
        code = getattr(error, "sqlite_errorcode", None)
        cause = _CAUSES.get(code & 0xFF) if isinstance(code, int) else None
        if cause is None and isinstance(error, sqlite3.DatabaseError):
            cause = f"it is damaged: {str(error).partition(' with text')[0]}"  # not what it holds
        hint = None
        if cause is not None and "damaged" in cause:
            hint = "it was left as it is; put a copy back, or give another folder with --state"
        return StateError(f"the state `{self.path}` cannot be used: {cause or error}", hint=hint)

    def _exists(self) -> bool:
        if self.folder.exists() and not self.folder.is_dir():
            raise StateError(f"`{self.folder}` is no folder, so no state can be kept there")
        return self.path.exists()

    def _made(self) -> None:
        """The folder (0700) and an empty file (0600), before SQLite makes them otherwise."""
        if not self._exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._check_owner()
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _check_owner(self) -> None:
        owner = self.path.stat().st_uid
        if owner != os.geteuid():
            raise StateError(
                f"the state `{self.path}` belongs to another user (uid {owner})",
                hint="give a folder of your own with --state",
            )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = FULL")
        ours = self._is_ours(connection)
        _log_ahead(connection)
        if ours:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._is_ours(connection):
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute("INSERT INTO version VALUES (?)", (VERSION,))
                connection.execute(f"PRAGMA application_id = {_MARK}")
            connection.execute("COMMIT")
        finally:
            _roll_back(connection)

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        """Whether the file has our tables; False if it is empty. Raises `StateError`."""
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return False
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        if mark != _MARK or "version" not in tables:
            raise StateError(f"`{self.path}` is a database, but no state of toscactl")
        (number,) = connection.execute("SELECT max(number) FROM version").fetchone()
        if not isinstance(number, int) or number > VERSION:
            raise StateError(
                f"the state `{self.path}` is of a newer version ({number}; this one reads up to"
                f" {VERSION})",
                hint="use the newer toscactl that wrote it",
            )
        return True


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Use a write-ahead log; another process that is about to do the same may be first."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def one(connection: sqlite3.Connection, query: str, values: Sequence[object]) -> object:
    """The first column of the first row of a query; None if there is no row."""
    row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]
