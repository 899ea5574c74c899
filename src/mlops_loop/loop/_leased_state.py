"""The rules of a StateStore, on any backend with transactions."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from .._formats import LEASE, LOOP_STATE
from ._state import Lease, State

Answer = TypeVar("Answer")


class StoredState(NamedTuple):
    """Documents of a backend, with the defaults of an empty one."""

    state: State = State()
    revision: int = 0
    lease: Lease | None = None


class EncodedState(NamedTuple):
    """The documents as backends store them: JSON, None for a document that was never stored."""

    state: bytes | None
    revision: int
    lease: bytes | None

    def decode(self) -> StoredState:
        return StoredState(
            LOOP_STATE.decode(self.state, State, "what was stored") if self.state else State(),
            self.revision,
            LEASE.decode(self.lease, Lease, "what was stored") if self.lease else None,
        )


def encode_state(stored: StoredState) -> EncodedState:
    lease = None if stored.lease is None else LEASE.encode(stored.lease)
    return EncodedState(LOOP_STATE.encode(stored.state), stored.revision, lease)


def grant(
    current: Lease | None, holder: str, now: datetime, until: datetime, fence: int | None
) -> Lease:
    """The lease after a request for it; see `StateStore.acquire`."""
    if current is None:
        current = Lease("", 0, now)
    if fence is None and (current.holder == "" or current.until <= now):
        return Lease(holder, current.fence + 1, until)
    if (fence, holder) == (current.fence, current.holder):
        return Lease(holder, current.fence, until)
    return current


class StateBackend(Protocol):
    """Stores a state and its lease."""

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        """Replace the documents with the result of `decide` atomically; return its answer.

        `decide` may be called again if another process was faster. What it returns unchanged need
        not be written.
        """
        ...


class LeasedStateStore:
    """A StateStore; see there for what each method promises.

    Args:
        backend: stores the state.
        target_digest: digest of the target; the state of another target is ignored.
    """

    def __init__(self, backend: StateBackend, target_digest: str = "") -> None:
        self._backend = backend
        self._target_digest = target_digest

    def load(self) -> tuple[State, int]:
        state, revision = self._backend.transact(
            lambda stored: ((stored.state, stored.revision), stored)
        )
        if self._is_foreign(state):
            return State(reason="the state of the loop was about another target"), revision
        return state, revision

    def save(self, state: State, revision: int, fence: int | None = None) -> bool:
        def write(stored: StoredState) -> tuple[bool, StoredState]:
            stale = fence is not None and (stored.lease is None or stored.lease.fence != fence)
            if stale or stored.revision != revision:
                return False, stored
            stamped = msgspec.structs.replace(state, target_digest=self._target_digest)
            return True, StoredState(stamped, revision + 1, stored.lease)

        return self._backend.transact(write)

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        def take(stored: StoredState) -> tuple[Lease, StoredState]:
            lease = grant(stored.lease, holder, now, until, fence)
            return lease, stored._replace(lease=lease)

        return self._backend.transact(take)

    def release(self, lease: Lease) -> None:
        def free(stored: StoredState) -> tuple[None, StoredState]:
            if stored.lease is None or stored.lease.fence != lease.fence:
                return None, stored
            return None, stored._replace(lease=stored.lease.free())

        self._backend.transact(free)

    def _is_foreign(self, state: State) -> bool:
        return bool(self._target_digest) and state.target_digest not in ("", self._target_digest)
