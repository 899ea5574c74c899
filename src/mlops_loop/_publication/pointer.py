"""The pointer: which versions serve, for each state of the features code and each target."""

from pathlib import Path
from typing import Literal, Protocol

import msgspec

from .._bundle import Bundle

POINTER = "pointer.json"
# Message of commands that need a champion.
NO_CHAMPION = (
    "no version is champion for this features code: run `train`; "
    "`models` lists versions that the gate rejected"
)


Role = Literal["champion", "challenger"]


def rollout_key(features_digest: str, target_digest: str) -> str:
    """The key of a rollout, from the digests of the features code and of the contract's target."""
    return f"{features_digest}-{target_digest}"


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """The versions that serve.

    Attributes:
        champion: version whose predictions are returned.
        challenger: version under trial, if any.
        mode: `shadow`, both predict and the champion answers; `split`, the challenger answers
            its share.
        share: share of the keys that the challenger answers in a split.
        probation: whether the challenger is the previous champion, kept in shadow so that it can
            be brought back.
        previous: the previous champion, which a service falls back to if it starts and cannot load
            the champion.
        earlier: champions before that, newest first, for the same purpose.
    """

    champion: str | None = None
    challenger: str | None = None
    mode: Literal["shadow", "split"] = "shadow"
    share: float = 0.1
    probation: bool = False
    previous: str | None = None
    earlier: tuple[str, ...] = ()

    @property
    def earlier_champions(self) -> tuple[str, ...]:
        """All that a service falls back to, in this order."""
        return (self.previous, *self.earlier) if self.previous is not None else ()

    def without_challenger(self) -> "Rollout":
        """The same champion without a challenger."""
        return msgspec.structs.replace(self, challenger=None, probation=False)


class Pointer(msgspec.Struct, frozen=True):
    """Rollouts by features code and target, so that old and new code can run side by side.

    A service answers with the rollout of its own code and target, and never with that of another.
    While new code is rolled out, the services of the old code go on with their champion; to go back
    means to deploy the old code.

    Attributes:
        rollouts: the versions that serve, by `rollout_key`.
        current: key of the rollout that was changed last.
    """

    rollouts: dict[str, Rollout] = {}
    current: str = ""

    def rollout(self, key: str) -> Rollout:
        return self.rollouts.get(key, Rollout())

    def with_rollout(self, key: str, rollout: Rollout) -> "Pointer":
        """The pointer with one rollout replaced."""
        return Pointer({**self.rollouts, key: rollout}, key)

    def predecessor(self, key: str) -> str | None:
        """Champion of the current rollout, for a key without one; None if it has one."""
        if self.rollout(key).champion is not None:
            return None
        return self.rollout(self.current).champion


class BundleStore(Protocol):
    """Published bundles by version, and one pointer."""

    def is_published(self, version: str) -> bool:
        """Whether there is a version, damaged or not."""
        ...

    def publish(self, bundle: Bundle, *, replace: bool = False) -> None:
        """Copy a bundle in; complete or not at all, and harmless when repeated.

        Args:
            bundle: the bundle of a version.
            replace: whether to replace the bundle if the version is published already.
        """
        ...

    def fetch(self, version: str, *, fresh: bool = False) -> Path:
        """Local folder that holds a version.

        Args:
            version: a published version.
            fresh: whether to compare all of it with the store, where the folder is a copy.

        Raises:
            DamagedBundleError: if the version is not published here.
        """
        ...

    def pointer(self) -> Pointer:
        """The pointer as it is now; an empty one before anything was published."""
        ...

    def stamp(self) -> object:
        """A value that is cheap to compare and changes whenever the pointer does."""
        ...

    def set_rollout(self, key: str, rollout: Rollout) -> None:
        """Replace one rollout atomically; readers see the old pointer or the new one."""
        ...

    def restore_pointer(self, pointer: Pointer) -> bool:
        """Write the pointer if there is none, or only a damaged one, which is kept beside it.

        Returns:
            Whether it was written.
        """
        ...
