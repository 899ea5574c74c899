"""A process that ends anywhere in a step leaves nothing that the next one does not mend."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import World

SCENARIOS = (
    "first model",
    "challenge",
    "refused",
    "promote",
    "reject",
    "rollback of a probation",
    "confirm",
    "rollback by a finding",
    "promote by the gate",
    "wait for a person",
)
CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture
def kit(request: pytest.FixtureRequest) -> Any:
    """The names of this folder's conftest."""
    plugins = request.config.pluginmanager.get_plugins()
    return next(one for one in plugins if getattr(one, "__file__", None) == str(CONFTEST))


def settled(world: "World", kit: Any) -> dict[str, Any]:
    """What two more steps of another process make of it."""
    for _ in range(2):
        kit.revived(world).step()
    summary: dict[str, Any] = world.summary()
    return summary


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_step_cut_off_before_or_after_any_write_ends_the_same(
    scenario: str, kit: Any, tmp_path: Path
) -> None:
    before = kit.prepared(kit.World(tmp_path / "before"), scenario)
    whole = kit.copied(before, tmp_path / "whole", kit.Fuse())
    whole.step()
    moments, alerts = whole.fuse.passed, set(whole.alerts)
    wanted = settled(whole, kit)
    assert moments >= 18 and not whole.transitions.is_open()
    for moment in range(1, moments + 1):
        world = kit.copied(before, tmp_path / str(moment), kit.Fuse(moment))
        with pytest.raises(kit.Crash):
            world.step()
        assert settled(world, kit) == wanted, f"cut off at moment {moment} of {moments}"
        assert set(world.alerts) == alerts and not world.transitions.is_open()


def test_so_does_one_with_the_state_in_any_store(
    kit: Any, new_address: Callable[[], str], tmp_path: Path
) -> None:
    """Each moment of a step that retrains, with the real store on the other side of the fuse."""
    scenario = "promote by the gate"

    def fresh(name: str, moment: int | None) -> Any:
        world = kit.prepared(kit.durable(tmp_path / name, new_address()), scenario)
        world.fuse = kit.Fuse(moment)
        world.open()
        return world

    whole = fresh("whole", None)
    whole.step()
    moments = whole.fuse.passed
    wanted = settled(whole, kit)
    assert moments >= 18
    for moment in range(1, moments + 1):
        world = fresh(str(moment), moment)
        with pytest.raises(kit.Crash):
            world.step()
        assert settled(world, kit) == wanted, f"cut off at moment {moment} of {moments}"


@pytest.mark.parametrize("moment", [9, 14, 21, 26])
def test_a_process_that_is_killed_leaves_as_little(
    moment: int, kit: Any, new_address: Callable[[], str], tmp_path: Path
) -> None:
    scenario, address = "promote by the gate", new_address()
    whole = kit.prepared(kit.durable(tmp_path / "whole", new_address()), scenario)
    whole.step()
    command = [sys.executable, str(CONFTEST), str(tmp_path / "cut"), address, scenario, str(moment)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    world = kit.durable(tmp_path / "cut", address)
    world.clock.set(whole.clock.now())
    world.found = whole.found
    world.change("loop", promotion="gate")
    assert settled(world, kit) == settled(whole, kit)


def test_every_scenario_is_driven(kit: Any) -> None:
    assert tuple(kit.SCENARIOS) == SCENARIOS


@pytest.mark.parametrize("decide", ["promote", "reject", "rollback", "confirm"])
def test_what_a_person_began_is_finished_by_the_loop(decide: str, kit: Any, world: "World") -> None:
    """A command that was cut off after it moved the pointer, before the aliases followed."""
    prepare: Callable[[], None] = (
        world.challenger if decide in ("promote", "reject") else world.on_probation
    )
    prepare()
    version = {"promote": ["2"], "reject": ["2"]}.get(decide, [])
    world.fuse = kit.Fuse(5)  # intent and pointer, before and after each
    world.open()
    with pytest.raises(kit.Crash):
        getattr(world.transitions, decide)(*version, actor="ada", reason="by hand")
    kit.revived(world).step()
    assert not world.transitions.is_open()
    last = [entry for entry in world.journal.done() if entry.actor == "ada"]
    assert [entry.kind for entry in last] == [decide]
    champion, challenger, _ = world.published()
    assert (world.state.champion, world.state.challenger) == (champion, challenger)
    assert world.state.reason == "by hand"
