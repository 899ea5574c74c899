"""The lease by which one process at a time may change the loop's state."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from threading import Event, Thread

import msgspec

from .._clock import Clock
from ..errors import StoreError
from ._state import Lease, State, StateStore

# How long others wait for a process that died; a running one prolongs its lease meanwhile.
LEASE = timedelta(minutes=2)
_BEATS = 4


class LostLeaseError(Exception):
    """Another process has the lease; what this one was about to do is not done."""


def _name() -> str:
    """A name for the process: unique, and readable for an operator."""
    return f"{socket.gethostname()}, process {os.getpid()} ({token_hex(3)})"


@dataclass
class LeaseHolder:
    """Holds the lease for one step and writes state guarded by its fencing token."""

    states: StateStore
    clock: Clock
    holder: str = field(default_factory=_name)
    state: State = State()
    _revision: int = 0
    _lease: Lease | None = None

    @contextmanager
    def acquire(self) -> Iterator[Lease | None]:
        """Hold the lease for one step.

        Yields:
            None, or the lease of the process that holds it instead.
        """
        self._lease = None
        lease = self._acquire()
        if lease.holder != self.holder:
            yield lease
            return
        self._lease = lease
        self.state, self._revision = self.states.load()
        done = Event()
        heart = Thread(target=self._heartbeat, args=(done,), name="lease", daemon=True)
        heart.start()
        try:
            yield None
        finally:
            done.set()
            heart.join()
            self.states.release(lease)

    def require(self) -> None:
        """Make sure that this process still has the lease.

        Raises:
            LostLeaseError: if another one has it.
        """
        assert self._lease is not None
        if self._acquire().holder != self.holder:
            raise LostLeaseError

    def save(self, **changes: object) -> None:
        """Write the state with some of its fields changed.

        Raises:
            LostLeaseError: if another process has the lease.
        """
        assert self._lease is not None
        state = msgspec.structs.replace(self.state, **changes)
        while not self.states.save(state, self._revision, self._lease.fence):
            self.require()
            # The one field that may be changed without the lease.
            stored, self._revision = self.states.load()
            state = msgspec.structs.replace(state, paused=stored.paused)
        self.state, self._revision = state, self._revision + 1

    def _acquire(self) -> Lease:
        now = self.clock.now()
        fence = self._lease.fence if self._lease else None
        return self.states.acquire(self.holder, now, now + LEASE, fence)

    def _heartbeat(self, done: Event) -> None:
        while not done.wait(LEASE.total_seconds() / _BEATS):
            with suppress(StoreError):  # the next heartbeat may succeed
                self._acquire()


def set_paused(states: StateStore, paused: bool) -> bool:
    """Pause or resume, without the lease; whether that changed anything."""
    while True:
        state, revision = states.load()
        if state.paused == paused:
            return False
        if states.save(msgspec.structs.replace(state, paused=paused), revision):
            return True
