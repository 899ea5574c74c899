"""Promotion, rejection, rollback: each one transition, on record with who, when and why.

A transition notes its intent, replaces the pointer, moves the aliases and closes the intent.
The pointer is the truth; `reconcile` completes or drops what a crash has left open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from ..bundle import read_bundle
from ..clock import Clock
from ..errors import BundleError, RegistryError
from ..journal import INTENT, Entry, Journal
from ..publication import BundleStore
from ..publication import Entry as Published
from .history import DROPPED, champions, last_of, open_intent, transitions
from .mlflow_registry import REFUSED, VERDICT_TAG, Registry

CHAMPION = "champion"
CHALLENGER = "challenger"


@dataclass(frozen=True)
class Transitions:
    """Moves versions in and out of service, for one state of the features code."""

    registry: Registry
    store: BundleStore
    journal: Journal
    clock: Clock
    features_digest: str

    def published(self) -> Published:
        return self.store.pointer().entry(self.features_digest)

    def challenge(
        self,
        version: str,
        *,
        actor: str,
        reason: str,
        mode: Literal["shadow", "split"] = "shadow",
        share: float = 0.1,
        figures: Mapping[str, object] | None = None,
    ) -> Entry:
        """Put a version on trial beside the champion.

        Raises:
            RegistryError: if there is no champion, or the version cannot serve.
        """
        before = self._settled()
        if before.champion is None:
            raise RegistryError("there is no champion to challenge: promote the version instead")
        if before.champion == version:
            raise RegistryError(f"version {version} is the champion already")
        self._require(version)
        after = msgspec.structs.replace(before, challenger=version, mode=mode, share=share)
        return self._move("challenge", version, before, after, actor, reason, figures)

    def promote(
        self,
        version: str,
        *,
        actor: str,
        reason: str,
        figures: Mapping[str, object] | None = None,
    ) -> Entry:
        """Make a version the champion; its own trial ends with that.

        Raises:
            RegistryError: if there is no such version, or it cannot serve.
        """
        before = self._settled()
        self._require(version)
        challenger = None if before.challenger == version else before.challenger
        after = msgspec.structs.replace(before, champion=version, challenger=challenger)
        return self._move("promote", version, before, after, actor, reason, figures)

    def reject(
        self,
        version: str,
        *,
        actor: str,
        reason: str,
        figures: Mapping[str, object] | None = None,
    ) -> Entry:
        """End the trial of a challenger.

        Raises:
            RegistryError: if the version is the champion, unknown, or was never on trial.
        """
        before = self._settled()
        if before.champion == version:
            raise RegistryError(f"version {version} is the champion: `rollback` or promote another")
        self.registry.version(version)
        done = last_of(self._history(), "reject", version)
        if before.challenger != version and done is None:
            raise RegistryError(f"version {version} is not on trial, so there is nothing to reject")
        challenger = None if before.challenger == version else before.challenger
        after = msgspec.structs.replace(before, challenger=challenger)
        return self._move("reject", version, before, after, actor, reason, figures)

    def rollback(
        self, *, actor: str, reason: str, figures: Mapping[str, object] | None = None
    ) -> Entry:
        """Bring back the champion before the present one; a trial under way is ended.

        Raises:
            RegistryError: if there was none.
        """
        before = self._settled()
        line = champions(self._history())
        if len(line) < 2 or line[-1] != before.champion:
            raise RegistryError("there is no earlier champion to roll back to")
        version = line[-2]
        self._require(version)
        after = msgspec.structs.replace(before, champion=version, challenger=None)
        return self._move("rollback", version, before, after, actor, reason, figures)

    def reconcile(self) -> list[str]:
        """Close an intent that a crash left open, let the aliases follow the pointer.

        Returns:
            What was mended, in words; nothing where all agreed.
        """
        mended: list[str] = []
        intent = open_intent(self._history())
        if intent is not None:
            entry = self._close(intent)
            mended.append(f"{intent.figures['transition']}: {entry.kind}")
        return mended + self._align()

    def _settled(self) -> Published:
        self.reconcile()
        return self.published()

    def _history(self) -> list[Entry]:
        return transitions(self.journal, self.features_digest)

    def _require(self, version: str) -> None:
        """A version may serve if it is registered, published, whole, and of these features."""
        if self.registry.version(version).tags.get(VERDICT_TAG) == REFUSED:
            raise RegistryError(f"version {version} was refused by the gate and never published")
        try:
            read_bundle(self.store.fetch(version), self.features_digest)
        except BundleError as error:
            raise RegistryError(f"version {version} cannot serve: {error}") from error

    def _move(
        self,
        kind: str,
        version: str,
        before: Published,
        after: Published,
        actor: str,
        reason: str,
        figures: Mapping[str, object] | None,
    ) -> Entry:
        done = last_of(self._history(), kind, version)
        if before == after and done is not None:
            return done
        told: dict[str, Any] = {
            **(figures or {}),
            "version": version,
            "features": self.features_digest,
            "before": msgspec.to_builtins(before),
            "after": msgspec.to_builtins(after),
        }
        intent = {**told, "transition": kind}
        self.journal.append(Entry(self.clock.now(), INTENT, actor, reason, intent))
        self.store.set_entry(self.features_digest, after)
        self._align()
        entry = Entry(self.clock.now(), kind, actor, reason, told)
        self.journal.append(entry)
        return entry

    def _close(self, intent: Entry) -> Entry:
        """Record an open intent as done if the pointer was replaced, as dropped if not."""
        told = dict(intent.figures)
        happened = msgspec.to_builtins(self.published()) == told["after"]
        kind = str(told.pop("transition")) if happened else DROPPED
        entry = Entry(self.clock.now(), kind, intent.actor, intent.reason, told)
        self.journal.append(entry)
        return entry

    def _align(self) -> list[str]:
        published, mended = self.published(), []
        # A registry that was begun anew does not know every version that serves.
        known = {found.version for found in self.registry.versions()} | {None}
        wanted = {CHAMPION: published.champion, CHALLENGER: published.challenger}
        for alias, version in wanted.items():
            version = version if version in known else None
            if self.registry.alias(alias) != version:
                self.registry.set_alias(alias, version)
                mended.append(f"{alias} is version {version}" if version else f"no {alias}")
        return mended
