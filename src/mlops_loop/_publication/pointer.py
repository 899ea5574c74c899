"""The pointer: which versions serve, for each state of the features code."""

from pathlib import Path
from typing import Literal, Protocol

import msgspec

from .._bundle import Bundle

# Message of commands that need a champion.
NO_CHAMPION = (
    "no version is champion for this features code: run `train`; "
    "`models` lists versions that the gate rejected"
)


Role = Literal["champion", "challenger"]


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
    """

    champion: str | None = None
    challenger: str | None = None
    mode: Literal["shadow", "split"] = "shadow"
    share: float = 0.1
    probation: bool = False
    previous: str | None = None

    def without_challenger(self) -> "Rollout":
        """The same champion without a challenger."""
        return msgspec.structs.replace(self, challenger=None, probation=False)


class Pointer(msgspec.Struct, frozen=True):
    """Entries by digest of the features code, so that old and new code can run side by side.

    A service answers with the rollout of its own code, and never with that of another. While new
    code is rolled out, the services of the old code go on with their champion; to go back means
    to deploy the old code.

    Attributes:
        rollouts: the versions that serve, by digest of the features.
        current: digest of the features whose rollout was changed last.
    """

    rollouts: dict[str, Rollout] = {}
    current: str = ""

    def rollout(self, features_digest: str) -> Rollout:
        return self.rollouts.get(features_digest, Rollout())

    def with_rollout(self, features_digest: str, rollout: Rollout) -> "Pointer":
        """The pointer with one rollout replaced."""
        return Pointer({**self.rollouts, features_digest: rollout}, features_digest)

    def predecessor(self, features_digest: str) -> str | None:
        """Champion of the current features, for features without one; None if they have one."""
        if self.rollout(features_digest).champion is not None:
            return None
        return self.rollout(self.current).champion


class BundleStore(Protocol):
    """Published bundles by version, and one pointer."""

    def publish(self, bundle: Bundle, *, replace: bool = False) -> None:
        """Copy a bundle in; complete or not at all, and harmless when repeated.

        Args:
            bundle: the bundle of a version.
            replace: whether to replace the bundle if the version is published already.
        """
        ...

    def fetch(self, version: str) -> Path:
        """Local folder that holds a version.

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

    def set_rollout(self, features_digest: str, rollout: Rollout) -> None:
        """Replace one entry atomically; readers see the old pointer or the new one."""
        ...
