"""The rules of a StateStore, over any place that changes what it keeps in one piece."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from .state import Lease, State

Answer = TypeVar("Answer")


class Kept(NamedTuple):
    """What a place keeps; a fresh one this."""

    state: State = State()
    revision: int = 0
    lease: Lease | None = None


class Packed(NamedTuple):
    """The same as stores hold it: JSON, None for what was never kept."""

    state: bytes | None
    revision: int
    lease: bytes | None

    def unpack(self) -> Kept:
        return Kept(
            msgspec.json.decode(self.state, type=State) if self.state else State(),
            self.revision,
            msgspec.json.decode(self.lease, type=Lease) if self.lease else None,
        )


def pack(kept: Kept) -> Packed:
    lease = None if kept.lease is None else msgspec.json.encode(kept.lease)
    return Packed(msgspec.json.encode(kept.state), kept.revision, lease)


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


class Place(Protocol):
    """Where a state and its lease are kept."""

    def change(self, decide: Callable[[Kept], tuple[Answer, Kept]]) -> Answer:
        """Keep what `decide` makes of what there is, with nobody in between; its answer.

        It may be asked again if somebody was. What it gives back as it was need not be written.
        """
        ...


class KeptState:
    """A StateStore; see there for what each method promises.

    Args:
        place: where the state is kept.
        target_digest: what the project predicts; the state of another target is no beginning.
    """

    def __init__(self, place: Place, target_digest: str = "") -> None:
        self._place = place
        self._target_digest = target_digest

    def load(self) -> tuple[State, int]:
        state, revision = self._place.change(lambda kept: ((kept.state, kept.revision), kept))
        if self._is_foreign(state):
            return State(reason="the state of the loop was about another target"), revision
        return state, revision

    def save(self, state: State, revision: int, fence: int | None = None) -> bool:
        def write(kept: Kept) -> tuple[bool, Kept]:
            overtaken = fence is not None and (kept.lease is None or kept.lease.fence != fence)
            if overtaken or kept.revision != revision:
                return False, kept
            stamped = msgspec.structs.replace(state, target_digest=self._target_digest)
            return True, Kept(stamped, revision + 1, kept.lease)

        return self._place.change(write)

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        def take(kept: Kept) -> tuple[Lease, Kept]:
            lease = granted(kept.lease, holder, now, until, fence)
            return lease, kept._replace(lease=lease)

        return self._place.change(take)

    def release(self, lease: Lease) -> None:
        def let_go(kept: Kept) -> tuple[None, Kept]:
            if kept.lease is None or kept.lease.fence != lease.fence:
                return None, kept
            return None, kept._replace(lease=kept.lease.free())

        self._place.change(let_go)

    def _is_foreign(self, state: State) -> bool:
        return bool(self._target_digest) and state.target_digest not in ("", self._target_digest)
