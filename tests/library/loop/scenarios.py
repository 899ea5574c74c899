"""Worlds in which the next step of the loop has something to do."""

import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from mlops_loop._clock import ManualClock
from mlops_loop._file_lock import file_lock
from mlops_loop.loop._lease import LEASE
from mlops_loop.loop._states import open_state

from .fuse import Fuse
from .world import DAY, World


def drifts(world: World) -> None:
    world.champion()
    world.drift()


def refused(world: World) -> None:
    drifts(world)
    world.passes = False


def better(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)


def worse(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.2, v2=0.6)


def regretted(world: World) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.2, v2=0.6)


def confirmed(world: World) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.6, v2=0.2)


def rolled_back(world: World) -> None:
    world.change("actions", performance="rollback")
    world.on_probation()
    world.transitions.confirm(actor="test", reason="enough")
    world.find(performance="worse")


def at_once(world: World) -> None:
    world.change("loop", promotion="gate")
    drifts(world)


def by_hand(world: World) -> None:
    world.change("loop", promotion="manual")
    drifts(world)


# What the loop is about to do, by the transition that comes of it.
SCENARIOS: dict[str, Callable[[World], None]] = {
    "first model": lambda world: None,
    "challenge": drifts,
    "gate_rejected": refused,
    "promote": better,
    "reject": worse,
    "rollback of a probation": regretted,
    "confirm": confirmed,
    "rollback by a finding": rolled_back,
    "promote by the gate": at_once,
    "wait for a person": by_hand,
}


def prepared(world: World, scenario: str) -> World:
    """A world in which the next step has something to do."""
    SCENARIOS[scenario](world)
    world.clock.advance(31 * DAY)
    world.fuse = Fuse()
    world.open()
    return world


def copied(world: World, root: Path, fuse: Fuse) -> World:
    """The same world in another folder, with a fuse of its own."""
    shutil.copytree(world.root, root)
    clock = ManualClock(world.clock.now())
    copy = replace(
        world, root=root, stored=deepcopy(world.stored), clock=clock, fuse=fuse, alerts=[]
    )
    copy.settings, copy.log = world.settings, world.log
    copy.open()
    return copy


def durable(root: Path, address: str) -> World:
    """A world that outlives the process, with its state beside the log at an address."""
    store = open_state(address, root=root)
    return World(root, store, lock=lambda: file_lock(root / "lock", 5))


def revived(world: World) -> World:
    """The same after a crash, in a new process, once the lease of the dead one has ended."""
    world.clock.advance(LEASE)
    world.fuse = Fuse()
    world.open("another process")
    return world
