"""The store: what it keeps, how it keeps it, and what it says of a bad world."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from toscactl.address import Address
from toscactl.desired import Action, Blob, Need, Origin, Resource, Unit, UnitChange
from toscactl.errors import Locked, StateError
from toscactl.source import Place
from toscactl.state import SqliteStore, State, StepResult, StepStatus, open_store
from toscactl.targets import Target
from toscactl.values import AttributeOf, Call, ScalarUnit, Secret, Version

SECRET = "a-very-secret-word"  # noqa: S105  (it is the one that must not be found)


def unit(id_: str = "here/node/web") -> Unit:
    blob = Blob("b" * 64, b"#!/bin/sh\nexit 0\n", executable=True)
    return Unit(
        id_,
        "here",
        "memory",
        "node",
        id_.rpartition("/")[2],
        resources=(
            Resource(
                "K",
                "web",
                {"size": ScalarUnit("1 GB", 10**9, "B"), "v": Version("1.2", 1, 2)},
                Address("web", 1),
                {"": Origin("node web", Place("service.yaml", 3, 7))},
                frozenset({"size"}),
                ("other",),
                holds_data=True,
            ),
        ),
        instances=(Address("web", 1),),
        needs=(Need("here/node/db", "host", hosted=True),),
        inputs={"open": Call("concat", ("a", AttributeOf(Address("db"), "ip", ("x", 0))))},
        payload={"password": Secret(SECRET), "$odd": 1, "deep": {"$secret": "no secret"}},
        files={"run.sh": blob},
    )


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "state")


def begun(store: SqliteStore, change: UnitChange | None = None) -> int:
    run = store.begin_run(
        State(
            "shop",
            service="shop",
            targets={"here": Target("here", "memory", "v", {"token": Secret(SECRET)}, {"f": 1})},
            inputs={"password": Secret(SECRET), "port": 80},
            outputs={"url": AttributeOf(Address("web", 1), "url")},
        ),
        "apply",
    )
    wanted = change or UnitChange(Action.CREATE, None, unit(), ("K/web",))
    store.begin_change("shop", run, "here/node/web", wanted)
    return run


def test_nothing_is_made_before_something_is_written(store: SqliteStore, tmp_path: Path) -> None:
    assert store.deployments() == ()
    assert store.read("shop") == State("shop")
    assert store.owner("shop") is None
    assert store.unlock("shop") is None
    assert list(store.history("shop")) == []
    assert not (tmp_path / "state").exists()


def test_what_was_written_is_read_back_by_another_process(
    store: SqliteStore, tmp_path: Path
) -> None:
    run = begun(store)
    store.begin_step("shop", run, "here/node/web", "create", "create")
    store.running("shop", "here/node/web", "create", {"pid": 7, "token": Secret(SECRET)})
    state = SqliteStore(tmp_path / "state").read("shop")
    assert state.exists
    assert len(state.key) == 32
    assert state.inputs == {"password": Secret(SECRET), "port": 80}
    assert state.outputs == {"url": AttributeOf(Address("web", 1), "url")}
    assert state.targets["here"].connection == {"token": Secret(SECRET)}
    record = state.units["here/node/web"]
    assert record.unit is None
    assert record.change == UnitChange(Action.CREATE, None, unit(), ("K/web",))
    assert record.change is not None
    assert record.change.after is not None
    assert record.change.after.files["run.sh"].data == b"#!/bin/sh\nexit 0\n"
    assert record.ledger == {"create": StepStatus.RUNNING}
    assert record.running == {"create": {"pid": 7, "token": Secret(SECRET)}}


def test_a_result_comes_with_its_attributes_and_the_last_ends_the_change(
    store: SqliteStore,
) -> None:
    run = begun(store)
    serial = store.read("shop").serial
    web = Address("web", 1)
    for key in ("create", "start"):
        store.begin_step("shop", run, "here/node/web", key, key)
        result = StepResult(
            StepStatus.OK,
            {web: {key: 1, "token": Secret(SECRET)}},
            {"pid": 7},
            log=("one", "two"),
            used={"db.ip": "10.0.0.1"} if key == "start" else None,
        )
        store.end_step("shop", run, "here/node/web", key, result)
    store.end_run("shop", run, "done")
    state = store.read("shop")
    assert state.serial > serial
    assert state.attributes == {web: {"create": 1, "start": 1, "token": Secret(SECRET)}}
    record = state.units["here/node/web"]
    assert (record.unit, record.change, record.ledger) == (unit(), None, {})
    assert (record.observed, record.used) == ({"pid": 7}, {"db.ip": "10.0.0.1"})
    entries = list(store.history("shop"))
    assert [(entry.step, entry.verb, entry.event) for entry in entries] == [
        ("", "apply", "run-begun"),
        ("here/node/web#create", "create", "begun"),
        ("here/node/web#create", "create", "ok"),
        ("here/node/web#start", "start", "begun"),
        ("here/node/web#start", "start", "ok"),
        ("", "", "run-ended"),
    ]
    assert entries[2].log == ("one", "two")
    assert entries[0].at.endswith("Z")


def test_what_an_abandoned_step_left_behind_stays_known(store: SqliteStore) -> None:
    run = begun(store)
    store.begin_step("shop", run, "here/node/web", "create", "create")
    store.running("shop", "here/node/web", "create", {"pid": 7})
    removal = UnitChange(Action.DELETE, unit(), None)
    store.begin_change("shop", run, "here/node/web", removal)
    record = store.read("shop").units["here/node/web"]
    assert record.ledger == {}
    assert record.running == {"~create": {"pid": 7}}
    store.end_change("shop", "here/node/web")
    assert store.read("shop").units == {}


def test_a_step_that_is_begun_again_keeps_what_it_left_behind(store: SqliteStore) -> None:
    run = begun(store)
    store.begin_step("shop", run, "here/node/web", "create", "create")
    store.running("shop", "here/node/web", "create", {"pid": 7})
    store.begin_step("shop", run, "here/node/web", "create", "create")
    assert store.read("shop").units["here/node/web"].running == {"create": {"pid": 7}}


def test_files_go_with_the_last_unit_that_needs_them(store: SqliteStore) -> None:
    run = begun(store)
    assert store.blob("b" * 64).data.startswith(b"#!")
    store.end_change("shop", "here/node/web")
    store.begin_change("shop", run, "here/node/web", UnitChange(Action.DELETE, unit(), None))
    store.end_change("shop", "here/node/web")
    store.end_run("shop", run, "done")
    with pytest.raises(StateError, match="has no file"):
        store.blob("b" * 64)


def test_only_the_owner_can_read_and_no_secret_is_in_clear(
    store: SqliteStore, tmp_path: Path
) -> None:
    run = begun(store)
    store.end_run("shop", run, "done")
    folder = Path(store.folder("shop"))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    files = [path for path in (tmp_path / "state").iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"toscactl.db", "key"}
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert SECRET.encode() not in path.read_bytes()


def test_without_secrets_there_is_no_key(store: SqliteStore, tmp_path: Path) -> None:
    store.begin_run(State("shop"), "apply")
    assert not (tmp_path / "state" / "key").exists()


@pytest.mark.parametrize("damage", ["missing", "other", "junk"])
def test_secrets_without_their_key(store: SqliteStore, tmp_path: Path, damage: str) -> None:
    begun(store)
    key = tmp_path / "state" / "key"
    if damage == "missing":
        key.unlink()
    else:
        key.write_bytes(b"A" * 43 + b"=" if damage == "other" else b"junk")
    with pytest.raises(StateError, match="key"):
        SqliteStore(tmp_path / "state").read("shop")


def test_forgetting_leaves_the_history(store: SqliteStore) -> None:
    run = begun(store)
    folder = Path(store.folder("shop"))
    (folder / "log").write_text("x")
    store.end_run("shop", run, "done")
    store.forget("shop")
    assert store.deployments() == ()
    assert not folder.exists()
    assert len(list(store.history("shop"))) == 2
    again = store.begin_run(State("shop"), "apply")
    assert again == run + 1


@pytest.mark.parametrize("name", ["a", "..", ".hidden", "a/b", "ü", "x" * 300, "%", "a b", ""])
def test_every_deployment_has_a_folder_of_its_own(store: SqliteStore, name: str) -> None:
    folder = Path(store.folder(name))
    assert folder.is_dir()
    assert folder.parent.name == "deployments"
    assert len({store.folder(one) for one in ("a/b", "a%2Fb", "a b", "A", "a")}) == 5


# A bad world.


def test_a_damaged_file_is_named_and_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    begun(store)
    store.close()
    path = tmp_path / "state" / "toscactl.db"
    good = path.read_bytes()
    for bad in (b"junk" * 100, good[:100], good[:3000], b"\0" * len(good), _holed(good)):
        path.write_bytes(bad)
        with pytest.raises(StateError, match=r"toscactl\.db"):
            SqliteStore(tmp_path / "state").read("shop")
        with pytest.raises(StateError):
            SqliteStore(tmp_path / "state").begin_run(State("shop"), "apply")
        assert path.read_bytes() == bad


def _holed(good: bytes) -> bytes:
    return good[:4096] + b"\xff" * (len(good) - 4096)


def test_a_row_that_makes_no_sense_is_damage(store: SqliteStore, tmp_path: Path) -> None:
    begun(store)
    store.close()
    path = tmp_path / "state" / "toscactl.db"
    for text in ("{", "[]", '{"action": 1}', '{"action":"create","before":null}'):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE units SET change = ?", (text,))
        connection.close()
        with pytest.raises(StateError, match="damaged"):
            SqliteStore(tmp_path / "state").read("shop")


def test_a_newer_version_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    begun(store)
    store.close()
    with sqlite3.connect(tmp_path / "state" / "toscactl.db") as connection:
        connection.execute("UPDATE version SET number = 99")
    connection.close()
    with pytest.raises(StateError, match=r"newer version \(99"):
        SqliteStore(tmp_path / "state").read("shop")


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "toscactl.db") as connection:
        connection.execute("CREATE TABLE version (number)")
    connection.close()
    with pytest.raises(StateError, match="no state of toscactl"):
        SqliteStore(tmp_path).begin_run(State("shop"), "apply")


def test_an_empty_file_is_a_new_state(tmp_path: Path) -> None:
    (tmp_path / "toscactl.db").touch()
    store = SqliteStore(tmp_path)
    assert store.deployments() == ()
    store.begin_run(State("shop"), "apply")
    assert store.deployments() == ("shop",)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateError, match="no folder"):
        SqliteStore(tmp_path / "state").read("shop")
    with pytest.raises(StateError):
        SqliteStore(tmp_path / "state" / "below").begin_run(State("shop"), "apply")


def test_a_full_disk_is_said_and_costs_nothing(store: SqliteStore, tmp_path: Path) -> None:
    begun(store)
    before = store.read("shop")
    connection = store._database._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    big = UnitChange(
        Action.CREATE,
        None,
        Unit("here/node/x", "here", "m", "node", "x", (), payload={"x": "y" * 10**6}),
    )
    with pytest.raises(StateError, match="disk is full"):
        store.begin_change("shop", 1, "here/node/x", big)
    assert SqliteStore(tmp_path / "state").read("shop") == before


def test_a_database_that_another_process_keeps_busy(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(store)
    store.close()
    monkeypatch.setattr("toscactl.state.database.BUSY_SECONDS", 0.1)
    other = sqlite3.connect(tmp_path / "state" / "toscactl.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StateError, match="busy"):
            store.begin_run(State("shop"), "apply")
    finally:
        other.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_state_of_another_user_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    begun(store)
    store.close()
    os.chown(tmp_path / "state" / "toscactl.db", 12345, 12345)
    with pytest.raises(StateError, match="another user"):
        SqliteStore(tmp_path / "state").read("shop")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_cannot_be_written_or_read() -> None:
    code = (
        "import os, sys\n"
        "from toscactl.state import SqliteStore, State\n"
        "from toscactl.errors import StateError\n"
        "os.seteuid(12345)\n"
        "for path in sys.argv[1:]:\n"
        "    try: SqliteStore(path).begin_run(State('shop'), 'apply')\n"
        "    except StateError as error: print('StateError:', error)\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        begun(SqliteStore(folder / "closed"))
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder / "closed"), str(folder / "new")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.count("StateError:") == 2
    assert done.stdout.count("permission denied") == 2


# Locks.


def test_a_living_lock_names_its_owner(store: SqliteStore, tmp_path: Path) -> None:
    with store.lock("shop", "apply"):
        owner = store.owner("shop")
        assert owner is not None
        assert (owner.pid, owner.operation) == (os.getpid(), "apply")
        with (
            pytest.raises(Locked, match=f"process {os.getpid()}") as caught,
            SqliteStore(tmp_path / "state").lock("shop", "destroy"),
        ):
            pass
        assert owner.since in str(caught.value)
        assert owner.host in str(caught.value)
        assert caught.value.hint is not None
        assert "toscactl unlock shop" in caught.value.hint
        with store.lock("other", "apply"):
            pass
    assert store.owner("shop") is None
    with store.lock("shop", "apply"):
        pass


def test_the_lock_of_a_dead_process_is_taken_over(store: SqliteStore, tmp_path: Path) -> None:
    code = (
        "import os, sys; from toscactl.state import SqliteStore\n"
        "lock = SqliteStore(sys.argv[1]).lock('shop', 'apply'); lock.__enter__()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "state")], check=False)
    assert store.owner("shop") is None
    with store.lock("shop", "destroy"):
        owner = store.owner("shop")
        assert owner is not None
        assert owner.pid == os.getpid()


def test_a_later_process_of_the_same_number_is_somebody_else(
    store: SqliteStore, tmp_path: Path
) -> None:
    with store.lock("shop", "apply"):
        with sqlite3.connect(tmp_path / "state" / "toscactl.db") as connection:
            connection.execute("UPDATE locks SET started = 'boot:1'")
        connection.close()
        with SqliteStore(tmp_path / "state").lock("shop", "apply"):
            pass


def test_a_lock_of_another_host_holds_until_it_is_broken(
    store: SqliteStore, tmp_path: Path
) -> None:
    with store.lock("shop", "apply"):
        with sqlite3.connect(tmp_path / "state" / "toscactl.db") as connection:
            connection.execute("UPDATE locks SET host = 'elsewhere', pid = 999999")
        connection.close()
        with pytest.raises(Locked, match="elsewhere"), store.lock("shop", "apply"):
            pass
        owner = store.unlock("shop")
        assert owner is not None
        assert owner.host == "elsewhere"
        with pytest.raises(Locked, match="broken"):
            store.begin_run(State("shop"), "apply")


def test_many_threads_and_processes_write_at_once(store: SqliteStore, tmp_path: Path) -> None:
    code = (
        "import sys; from toscactl.state import SqliteStore, State\n"
        "store = SqliteStore(sys.argv[1])\n"
        "for i in range(20): store.begin_run(State('shop', inputs={'i': i}), 'apply')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "state")]
    children = [subprocess.Popen(command) for _ in range(3)]

    def write() -> None:
        for _ in range(20):
            store.begin_run(State("shop"), "apply")

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [child.wait() for child in children] == [0, 0, 0]
    assert store.read("shop").serial == 120
    assert len({entry.run for entry in store.history("shop")}) == 120


def test_a_store_without_a_path_lasts_as_long_as_it_is_held() -> None:
    store = open_store(None)
    store.begin_run(State("shop"), "apply")
    assert store.deployments() == ("shop",)


def test_every_write_is_one_transaction(store: SqliteStore) -> None:
    """What cannot be written whole leaves nothing behind."""
    run = begun(store)
    store.begin_step("shop", run, "here/node/web", "create", "create")
    before = store.read("shop")
    result = StepResult(StepStatus.OK, {Address("web", 1): {"a": 1, object(): 2}})  # type: ignore[dict-item]
    with pytest.raises(StateError):
        store.end_step("shop", run, "here/node/web", "create", result)
    assert store.read("shop") == before


def test_how_the_last_run_ended(store: SqliteStore) -> None:
    for outcome in ("failed", "done"):
        run = store.begin_run(State("shop"), "apply")
        assert store.read("shop").outcome is None
        store.end_run("shop", run, outcome)
        assert store.read("shop").outcome == outcome
