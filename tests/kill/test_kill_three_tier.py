"""SIGKILL at every operation of three-tier: nothing that ended is repeated, nothing is left."""

import random
import signal
import time
from collections import Counter
from typing import Any

import psutil
import pytest

Shop = Any  # the class of conftest.py; pytest gives no name to import it by

UP = (
    "db.create", "db.configure", "db.start", "shop_db.create", "shop_db.configure",
    "web.create", "web.configure", "web.start", "shop.create", "shop.configure", "shop.start",
    "balancer.create", "balancer.configure", "balancer.start",
)  # fmt: skip
DOWN = (
    "balancer.stop", "balancer.delete", "shop.stop", "shop.delete", "web.stop", "web.delete",
    "shop_db.delete", "db.stop", "db.delete",
)  # fmt: skip


def nothing_is_repeated(shop: Shop) -> None:
    """No step of a run begins again once its result is journaled, until the deployment is new."""
    done: set[str] = set()
    for entry in shop.history():
        if entry.event == "ok":
            done.add(entry.step)
        assert not (entry.event == "begun" and entry.step in done), f"{entry.step} was repeated"


def lives(process: psutil.Process) -> bool:
    """Whether a process runs; one that ended and that nobody has asked about does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_killed_at_every_operation_apply_goes_on(shop: Shop) -> None:
    """One deployment; every single operation is killed once, in the first or the last moment."""
    scripts = shop.kill_everywhere("apply")
    assert len(scripts) == len(UP)
    assert not any(lives(script) for script in scripts), "interrupted operations live on"
    assert not shop.trace.with_name("trace.went-on").exists()
    assert Counter(shop.traced()) == dict.fromkeys(UP, 2)
    nothing_is_repeated(shop)
    assert "You are visitor 1." in shop.visit()
    assert shop.finish("apply") == []
    shop.finish("destroy")
    shop.is_gone()


@pytest.mark.parametrize("operation", UP)
def test_what_was_killed_half_made_can_be_destroyed(shop: Shop, operation: str) -> None:
    where = "end" if operation.endswith("configure") else "begin"
    script = shop.kill_at("apply", f"{operation}:{where}", parallelism=10)
    assert script is not None
    shop.finish("destroy")
    assert not lives(script)
    assert not shop.trace.with_name("trace.went-on").exists()
    shop.is_gone()


def test_killed_at_every_operation_destroy_goes_on(shop: Shop) -> None:
    shop.finish("apply")
    assert len(shop.kill_everywhere("destroy")) == len(DOWN)
    assert not shop.trace.with_name("trace.went-on").exists()
    counts = Counter(shop.traced())
    assert {name: counts[name] for name in DOWN} == dict.fromkeys(DOWN, 2)
    nothing_is_repeated(shop)
    shop.is_gone()


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment_and_with_everything_parallel(shop: Shop, seed: int) -> None:
    moments = random.Random(seed)  # noqa: S311  (moments, not secrets)
    for _ in range(5):
        process = shop.run("apply", parallelism=10)
        process.stdout.readline()
        time.sleep(moments.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    shop.finish("apply")
    nothing_is_repeated(shop)
    assert "You are visitor" in shop.visit()
    assert shop.finish("apply") == []
    shop.finish("destroy")
    shop.is_gone()
