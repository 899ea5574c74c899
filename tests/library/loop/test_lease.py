"""Two loops at once: one works, and one says so."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_loop.loop._lease import LEASE, LeaseHolder, LostLeaseError
from mlops_loop.loop._state import Lease, StateStore

from ..projects import ENV_PREFIX
from .world import World


class Meanwhile:
    """A store in which something happens while the lease is asked for."""

    def __init__(self, inner: StateStore, happens: Callable[[], None]) -> None:
        self._inner, self._happens = inner, happens

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        self._happens()
        return self._inner.acquire(holder, now, until, fence)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_of_two_loops_one_works_and_one_says_so(world: World) -> None:
    said = []

    def meanwhile() -> None:
        other = LeaseHolder(world.states, world.clock, "another process")
        mine, world.lease = world.lease, other
        said.append(world.step())
        world.lease = mine

    world.before_training = meanwhile
    assert [entry.kind for entry in world.step().entries] == ["retrain", "promote"]
    assert said[0].entries == () and "this process" in said[0].idle
    assert len(world.retrainings) == 1


def test_a_holder_that_was_overtaken_writes_nothing_more(world: World) -> None:
    """It slept longer than its lease, and another process has made the first model meanwhile."""

    def overslept() -> None:
        world.before_training = lambda: None
        world.clock.advance(LEASE)
        mine, world.lease = world.lease, LeaseHolder(world.states, world.clock, "another process")
        world.step()
        world.clock.advance(LEASE)
        world.lease = mine

    world.before_training = overslept
    step = world.step()
    assert "has taken over" in step.idle
    assert [entry.kind for entry in world.audit_log.completed()] == ["retrain", "promote"]
    assert world.published() == ("1", None, False)
    assert (world.state.phase, world.state.champion) == ("steady", "1")


def test_what_another_process_does_at_that_moment_is_not_told_as_ones_own(world: World) -> None:
    other = LeaseHolder(world.states, world.clock, "another process")

    def arrives() -> None:
        world.loop().audit.record_once("retrain", "there is no champion yet", attempt="theirs")

    with other.acquire():
        world.lease.states = Meanwhile(world.states, arrives)
        step = world.step()
    assert "another process" in step.idle
    assert step.entries == () and len(list(world.audit_log.completed())) == 1


def test_a_transition_of_a_stale_holder_is_stopped(world: World) -> None:
    world.challenger()
    loop = world.loop()
    with pytest.raises(LostLeaseError), world.lease.acquire():
        world.clock.advance(LEASE)
        with LeaseHolder(world.states, world.clock, "another process").acquire() as other:
            assert other is None
            loop.transitions.promote("2", actor="loop", reason="late")
    assert world.published() == ("1", "2", False)
    assert not world.transitions.is_open()


def test_of_two_commands_started_at_once_one_works_and_one_says_so(
    tracking_store: Path, tmp_path: Path
) -> None:
    """Real processes, with nothing between them but the files of the default store."""
    root = shutil.copytree(tracking_store, tmp_path / "project")
    command = [sys.executable, "-m", "flights", "--root", str(root), "loop"]
    pipe = subprocess.PIPE
    step = [*command, "step", "--json"]
    both = [subprocess.Popen(step, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    told = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    said = [json.loads(out) for out, _ in told]
    worker = 0 if said[0]["entries"] else 1
    worked, idle = said[worker], said[1 - worker]
    kinds = [entry["kind"] for entry in worked["entries"]]
    assert kinds[0] == "retrain" and kinds[1:] in (["promote"], ["gate_rejected"])
    assert worked["idle"] is None and idle["entries"] == []
    assert "another process is running the loop" in idle["idle"]
    assert f"process {both[worker].pid} " in idle["idle"]
    history = subprocess.run([*command, "history", "--json"], stdout=pipe, check=True)
    assert json.loads(history.stdout)["entries"] == worked["entries"]


def test_a_step_with_nothing_due_loads_nothing_that_computes(project_publisher: Any) -> None:
    project_publisher.publish("1")
    project_publisher.point("1")
    code = """
import sys
from flights.cli import cli
cli(["--root", sys.argv[1], "loop", "step"], standalone_mode=False)
print(*(name for name in sys.modules if "." not in name))
"""
    command = [sys.executable, "-c", code, str(project_publisher.root)]
    # Whatever the project's store is, none that is a server runs here.
    log = {f"{ENV_PREFIX}PREDICTION_LOG": "sqlite:///var/predictions.db"}
    environment = {**os.environ, **log}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    told, loaded = done.stdout.splitlines()
    assert "0 predictions, no findings (the prediction log is empty" in told
    assert "the next window is checked at" in told
    assert {"pandas", "pyarrow", "scipy", "mlflow", "evidently"}.isdisjoint(loaded.split())
