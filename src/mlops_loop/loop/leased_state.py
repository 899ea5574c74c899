"""The rules of a StateStore, over any place that changes what it keeps in one piece."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from ..formats import LEASE, LOOP_STATE
from .state import Lease, State

Answer = TypeVar("Answer")


class StoredState(NamedTuple):
    """What a place keeps; a fresh one this."""

    state: State = State()
    revision: int = 0
    lease: Lease | None = None


class EncodedState(NamedTuple):
    """The same as stores hold it: JSON, None for what was never kept."""

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


def granted(
    found: Lease | None, holder: str, now: datetime, until: datetime, fence: int | None
) -> Lease:
    """The lease after somebody asked for it, as `StateStore.acquire` has it."""
    if found is None:
        found = Lease("", 0, now)
    if fence is None and (found.holder == "" or found.until <= now):
        return Lease(holder, found.fence + 1, until)
    if (fence, holder) == (found.fence, found.holder):
        return Lease(holder, found.fence, until)
    return found


class StateBackend(Protocol):
    """Where a state and its lease are kept."""

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        """Keep what `decide` makes of what there is, with nobody in between; its answer.

        It may be asked again if somebody was. What it gives back as it was need not be written.
        """
        ...


class LeasedStateStore:
    """A StateStore; see there for what each method promises.

    Args:
        backend: where the state is kept.
        target_digest: what the project predicts; the state of another target is no beginning.
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
            overtaken = fence is not None and (stored.lease is None or stored.lease.fence != fence)
            if overtaken or stored.revision != revision:
                return False, stored
            stamped = msgspec.structs.replace(state, target_digest=self._target_digest)
            return True, StoredState(stamped, revision + 1, stored.lease)

        return self._backend.transact(write)

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        def take(stored: StoredState) -> tuple[Lease, StoredState]:
            lease = granted(stored.lease, holder, now, until, fence)
            return lease, stored._replace(lease=lease)

        return self._backend.transact(take)

    def release(self, lease: Lease) -> None:
        def let_go(stored: StoredState) -> tuple[None, StoredState]:
            if stored.lease is None or stored.lease.fence != lease.fence:
                return None, stored
            return None, stored._replace(lease=stored.lease.free())

        self._backend.transact(let_go)

    def _is_foreign(self, state: State) -> bool:
        return bool(self._target_digest) and state.target_digest not in ("", self._target_digest)
