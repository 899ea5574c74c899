"""A process that ends anywhere in a step leaves nothing that the next one does not mend."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ..places import REPOSITORY
from .fuse import Crash, Fuse
from .scenarios import SCENARIOS, copied, durable, prepared, revived
from .world import World


def settled(world: World) -> dict[str, Any]:
    """What two more steps of another process make of it."""
    for _ in range(2):
        revived(world).step()
    summary: dict[str, Any] = world.summary()
    return summary


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_step_cut_off_before_or_after_any_write_ends_the_same(
    scenario: str, tmp_path: Path
) -> None:
    before = prepared(World(tmp_path / "before"), scenario)
    whole = copied(before, tmp_path / "whole", Fuse())
    whole.step()
    moments, alerts = whole.fuse.passed, set(whole.alerts)
    wanted = settled(whole)
    assert moments >= 18 and not whole.transitions.is_open()
    for moment in range(1, moments + 1):
        world = copied(before, tmp_path / str(moment), Fuse(moment))
        with pytest.raises(Crash):
            world.step()
        assert settled(world) == wanted, f"cut off at moment {moment} of {moments}"
        assert set(world.alerts) == alerts and not world.transitions.is_open()


def test_a_failed_retraining_cut_off_at_any_write_has_one_outcome(tmp_path: Path) -> None:
    def fails() -> None:
        raise RuntimeError("no memory left")

    before = prepared(World(tmp_path / "before"), "challenge")
    before.before_training = fails
    whole = copied(before, tmp_path / "whole", Fuse())
    with pytest.raises(RuntimeError):
        whole.step()
    moments = whole.fuse.passed
    assert moments >= 10
    for moment in range(1, moments + 1):
        world = copied(before, tmp_path / str(moment), Fuse(moment))
        with pytest.raises(Crash):
            world.step()
        with suppress(RuntimeError):
            revived(world).step()
        kinds = [entry.kind for entry in world.audit_log.completed()][-2:]
        assert kinds == ["retrain", "retrain_failed"], f"cut off at moment {moment} of {moments}"
        assert (world.state.phase, world.state.consecutive_failures) == ("steady", 1)


def test_so_does_one_with_the_state_in_any_store(
    new_address: Callable[[], str], tmp_path: Path
) -> None:
    """Each moment of a step that retrains, with the real store on the other side of the fuse."""
    scenario = "promote by the gate"

    def fresh(name: str, moment: int | None) -> Any:
        world = prepared(durable(tmp_path / name, new_address()), scenario)
        world.fuse = Fuse(moment)
        world.open()
        return world

    whole = fresh("whole", None)
    whole.step()
    moments = whole.fuse.passed
    wanted = settled(whole)
    assert moments >= 18
    for moment in range(1, moments + 1):
        world = fresh(str(moment), moment)
        with pytest.raises(Crash):
            world.step()
        assert settled(world) == wanted, f"cut off at moment {moment} of {moments}"


@pytest.mark.parametrize("moment", [9, 14, 21, 26])
def test_a_process_that_is_killed_leaves_as_little(
    moment: int, new_address: Callable[[], str], tmp_path: Path
) -> None:
    scenario, address = "promote by the gate", new_address()
    whole = prepared(durable(tmp_path / "whole", new_address()), scenario)
    whole.step()
    command = [sys.executable, "-m", "tests.library.loop.doomed"]
    command += [str(tmp_path / "cut"), address, scenario, str(moment)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    world = durable(tmp_path / "cut", address)
    world.clock.set(whole.clock.now())
    world.found = whole.found
    world.change("loop", promotion="gate")
    assert settled(world) == settled(whole)


@pytest.mark.parametrize("decide", ["promote", "reject", "rollback", "confirm"])
def test_what_a_person_began_is_finished_by_the_loop(decide: str, world: World) -> None:
    """A command that was cut off after it moved the pointer, before the aliases followed."""
    prepare: Callable[[], None] = (
        world.challenger if decide in ("promote", "reject") else world.on_probation
    )
    prepare()
    version = {"promote": ["2"], "reject": ["2"]}.get(decide, [])
    world.fuse = Fuse(5)  # intent and pointer, before and after each
    world.open()
    with pytest.raises(Crash):
        getattr(world.transitions, decide)(*version, actor="ada", reason="by hand")
    revived(world).step()
    assert not world.transitions.is_open()
    last = [entry for entry in world.audit_log.completed() if entry.actor == "ada"]
    assert [entry.kind for entry in last] == [decide]
    champion, challenger, _ = world.published()
    assert (world.state.champion, world.state.challenger) == (champion, challenger)
    assert world.state.reason.startswith(f"{decide}: version ")
