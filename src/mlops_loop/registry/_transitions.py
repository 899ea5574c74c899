"""Transitions of versions: promotion, rejection, rollback, recorded in the audit log.

A transition records its intent, replaces the pointer, moves the aliases and records the result. The
pointer is the source of truth; `reconcile` completes or drops what a crash has interrupted. One
transition at a time: a lock excludes other processes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from .._audit_log import INTENT, AuditEvent, AuditLog
from .._bundle import Bundle, read_bundle, require_same_target
from .._champion import other_target
from .._clock import Clock
from .._publication import BundleStore
from .._publication import Rollout as Published
from .._publication import rollout_key
from ..contract import Contract
from ..errors import BundleError, RegistryError
from ._aliases import align_aliases
from ._callbacks import Callback, run_callbacks
from ._history import (
    DROPPED,
    champion_of_other_rollout,
    champions,
    last_move,
    last_of,
    open_intent,
    transitions,
)
from ._mlflow_registry import FORCED_TAG, REJECTED, TARGET_TAG, VERDICT_TAG, Registry
from ._restoration import restore_if_damaged
from ._rollout_rules import promoted

Details = Mapping[str, object]


@dataclass(frozen=True)
class Transitions:
    """Moves versions in and out of service, for one digest of the features and one target.

    Attributes:
        contract: contract of the project; a version with another target cannot serve.
        require_servable: raises BundleError for a bundle that cannot answer a request; asked
            before the pointer names it.
        probation: whether a champion that is replaced stays in shadow.
        lock: held during a transition.
        guard: called when the lock is held and nothing has been written; what it raises ends
            the transition.
        callbacks: functions by transition, called after the pointer moved, under the lock. They
            are called again if the process ended before the transition was recorded.
    """

    registry: Registry
    store: BundleStore
    audit_log: AuditLog
    clock: Clock
    features_digest: str
    contract: Contract
    require_servable: Callable[[Bundle], None]
    probation: bool
    lock: Callable[[], AbstractContextManager[None]]
    guard: Callable[[], None] = lambda: None
    callbacks: Mapping[str, Sequence[Callback]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Key of the rollout that transitions change."""
        return rollout_key(self.features_digest, self.contract.target_digest)

    def published(self) -> Published:
        return self.store.pointer().rollout(self.key)

    def last(self) -> AuditEvent | None:
        """The last transition that was done."""
        return last_move(self._history())

    def previous(self) -> str | None:
        """The champion that a rollback would bring back."""
        line = champions(self._history())
        return line[-2] if len(line) > 1 and line[-1] == self.published().champion else None

    def challenge(
        self,
        version: str,
        *,
        actor: str,
        reason: str,
        mode: Literal["shadow", "split"] = "shadow",
        share: float = 0.1,
        details: Details | None = None,
    ) -> AuditEvent:
        """Put a version on trial beside the champion; it takes the place of any other.

        Raises:
            RegistryError: if there is no champion, or the version cannot serve.
        """
        with self._alone() as before:
            if before.champion is None:
                raise RegistryError(
                    other_target(self.store, self.contract)
                    or "there is no champion to challenge: promote the version"
                )
            if before.champion == version:
                raise RegistryError(f"version {version} is already the champion")
            self._require(version)
            after = msgspec.structs.replace(
                before, challenger=version, mode=mode, share=share, probation=False
            )
            return self._move("challenge", version, before, after, actor, reason, details)

    def promote(
        self, version: str, *, actor: str, reason: str, details: Details | None = None
    ) -> AuditEvent:
        """Make a version the champion; its own trial ends with that.

        The previous champion stays in shadow for a probation, unless a third version is on trial.

        Raises:
            RegistryError: if there is no such version, or it cannot serve.
        """
        with self._alone() as before:
            bundle = self._require(version)
            after = promoted(before, bundle, self.store, probation=self.probation)
            return self._move("promote", version, before, after, actor, reason, details)

    def confirm(self, *, actor: str, reason: str, details: Details | None = None) -> AuditEvent:
        """End the champion's probation: the one before leaves the service.

        Raises:
            RegistryError: if the champion is on no probation, and was on none.
        """
        with self._alone() as before:
            version = before.champion or ""
            if not before.probation and last_of(self._history(), "confirm", version) is None:
                raise RegistryError("the champion is not on probation")
            after = before.without_challenger() if before.probation else before
            return self._move("confirm", version, before, after, actor, reason, details)

    def reject(
        self, version: str, *, actor: str, reason: str, details: Details | None = None
    ) -> AuditEvent:
        """End the trial of a challenger.

        Raises:
            RegistryError: if the version is the champion, unknown, or was never on trial.
        """
        with self._alone() as before:
            if before.champion == version:
                raise RegistryError(
                    f"version {version} is the champion: `rollback` or promote another"
                )
            self.registry.version(version)
            done = last_of(self._history(), "reject", version)
            if before.challenger != version and done is None:
                raise RegistryError(f"version {version} is not on trial")
            after = before.without_challenger() if before.challenger == version else before
            return self._move("reject", version, before, after, actor, reason, details)

    def rollback(self, *, actor: str, reason: str, details: Details | None = None) -> AuditEvent:
        """Make the previous champion champion again; a running trial is ended.

        Raises:
            RegistryError: if there was none.
        """
        with self._alone() as before:
            version = self.previous()
            if version is None:
                raise RegistryError(self._nothing_to_roll_back_to())
            self._require(version)
            earlier = champions(self._history())[:-2]
            after = msgspec.structs.replace(
                before.without_challenger(),
                champion=version,
                previous=earlier[-1] if earlier else None,
            )
            return self._move("rollback", version, before, after, actor, reason, details)

    def _nothing_to_roll_back_to(self) -> str:
        """Why there is no way back with this code, and which way there is."""
        other = champion_of_other_rollout(self.audit_log, self.key)
        if other is None:
            return (
                "there is no earlier champion to roll back to: promote another version, or train "
                "one"
            )
        version, features = other
        if features == self.features_digest:
            tags = self._tags_of(version)
            return (
                f"the previous champion is version {version}, which predicts another target, "
                f"{tags.get(TARGET_TAG, 'unknown')}: restore config/contract.yaml to use it"
            )
        return (
            f"the previous champion is version {version}, which has other features ({features}) "
            f"than this code: deploy {self._commit_of(version)}, whose services use it"
        )

    def _commit_of(self, version: str) -> str:
        """The commit that a version was trained from, in words."""
        tags = self._tags_of(version)
        commit = tags.get("git_commit", "unknown")
        if commit == "unknown":
            return "the code that it was trained with"
        changes = " (with changes that were not committed)" * (tags.get("git_dirty") == "true")
        return f"commit {commit}{changes}"

    def _tags_of(self, version: str) -> Mapping[str, str]:
        """The tags of a version; none if it is not registered any more."""
        return {found.version: found.tags for found in self.registry.versions()}.get(version, {})

    def is_open(self) -> bool:
        """Whether a transition is running, or was interrupted."""
        return open_intent(self._history()) is not None

    def reconcile(self) -> list[str]:
        """Close an intent that a crash left open, let the aliases follow the pointer.

        Returns:
            Sentences about what was repaired; empty if all agreed.
        """
        with self.lock():
            return self._mend()

    @contextmanager
    def _alone(self) -> Iterator[Published]:
        """What is published, while nobody else can change it."""
        with self.lock():
            self.guard()
            self._mend()
            yield self.published()

    def _mend(self) -> list[str]:
        repaired = self._align()
        intent = open_intent(self._history())
        if intent is not None:
            entry = self._close(intent)
            repaired.append(f"{intent.details['transition']}: {entry.kind}")
        return repaired

    def _history(self) -> list[AuditEvent]:
        return transitions(self.audit_log, self.key)

    def _require(self, version: str) -> Bundle:
        """A version may serve if it is registered, published, whole, and of these features."""
        tags = self.registry.version(version).tags
        if tags.get(VERDICT_TAG) == REJECTED and FORCED_TAG not in tags:
            raise RegistryError(
                f"version {version} was rejected by the gate and never published: "
                f"`promote {version} --force --reason TEXT` overrides it"
            )
        try:
            restore_if_damaged(self.registry, self.store, version, self.features_digest)
            bundle = read_bundle(self.store.fetch(version), self.features_digest)
            require_same_target(bundle, self.contract)
            self.require_servable(bundle)
            return bundle
        except BundleError as error:
            other = tags.get("features_digest", self.features_digest) != self.features_digest
            hint = f", or deploy {self._commit_of(version)}" if other else ""
            raise RegistryError(f"version {version} cannot serve: {error}{hint}") from error

    def _move(
        self,
        kind: str,
        version: str,
        before: Published,
        after: Published,
        actor: str,
        reason: str,
        details: Details | None,
    ) -> AuditEvent:
        done = last_of(self._history(), kind, version)
        if before == after and done is not None:
            return done
        recorded: dict[str, Any] = {
            **(details or {}),
            "version": version,
            "features": self.features_digest,
            "rollout": self.key,
            "previous": self._replaced(before),
            "before": msgspec.to_builtins(before),
            "after": msgspec.to_builtins(after),
        }
        intent = {**recorded, "transition": kind}
        self.audit_log.append(AuditEvent(self.clock.now(), INTENT, actor, reason, intent))
        self.store.set_rollout(self.key, after)
        self._align()
        return self._record(AuditEvent(self.clock.now(), kind, actor, reason, recorded))

    def _replaced(self, before: Published) -> str | None:
        """The champion up to now; the first one with these features replaces that of others."""
        return before.champion or self.store.pointer().predecessor(self.key)

    def _close(self, intent: AuditEvent) -> AuditEvent:
        """Record an open intent as done if the pointer was replaced, as dropped if not."""
        details = dict(intent.details)
        happened = msgspec.to_builtins(self.published()) == details["after"]
        kind = str(details.pop("transition")) if happened else DROPPED
        return self._record(
            AuditEvent(self.clock.now(), kind, intent.actor, intent.reason, details)
        )

    def _record(self, event: AuditEvent) -> AuditEvent:
        """Put a transition on record, after the callbacks: a crash before calls them again."""
        run_callbacks(self.callbacks.get(event.kind, ()), event)
        self.audit_log.append(event)
        return event

    def _align(self) -> list[str]:
        """Let the aliases follow the pointer, as long as this rollout is the current one.

        Old and new code may run beside each other; the aliases follow the last transition.
        """
        pointer = self.store.pointer()
        if pointer.current not in ("", self.key):
            return []
        return align_aliases(self.registry, pointer.rollout(self.key))
