"""Changes of a rollout that a crash cannot leave half done.

A change records its intent, replaces the pointer, moves the aliases and records the result. The
pointer is the source of truth; `reconcile` completes or drops what a crash has interrupted. One
change at a time: a lock excludes other processes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from .._audit_log import INTENT, AuditEvent, AuditLog
from .._clock import Clock
from .._publication import BundleStore
from .._publication import Rollout as Published
from .._publication import rollout_key
from ..contract import Contract
from ._aliases import align_aliases
from ._callbacks import Callback, run_callbacks
from ._history import DROPPED, last_move, last_of, open_intent, recorded_pointer, transitions
from ._mlflow_registry import Registry

Details = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class RolloutTransaction:
    """Changes the rollout for one digest of the features and one target.

    Attributes:
        contract: contract of the project.
        lock: held during a change.
        guard: called when the lock is held and nothing has been written; what it raises ends
            the change.
        callbacks: functions by transition, called after the pointer moved, under the lock. They
            are called again if the process ended before the transition was recorded.
    """

    registry: Registry
    store: BundleStore
    audit_log: AuditLog
    clock: Clock
    features_digest: str
    contract: Contract
    lock: Callable[[], AbstractContextManager[None]]
    guard: Callable[[], None] = lambda: None
    callbacks: Mapping[str, Sequence[Callback]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Key of the rollout that is changed."""
        return rollout_key(self.features_digest, self.contract.target_digest)

    def published(self) -> Published:
        return self.store.pointer().rollout(self.key)

    def last(self) -> AuditEvent | None:
        """The last transition that was done."""
        return last_move(self._history())

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
        repaired = [*self._restore_pointer(), *self._align()]
        intent = open_intent(self._history())
        if intent is not None:
            entry = self._close(intent)
            repaired.append(f"{intent.details['transition']}: {entry.kind}")
        return repaired

    def _restore_pointer(self) -> list[str]:
        recorded = recorded_pointer(self.audit_log)
        if not recorded.rollouts or not self.store.restore_pointer(recorded):
            return []
        return ["the pointer was lost and has been written again from the audit log"]

    def _history(self) -> list[AuditEvent]:
        return transitions(self.audit_log, self.key)

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
            "before": _as_json(before),
            "after": _as_json(after),
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
        happened = self.published() == msgspec.convert(details["after"], Published)
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

        Old and new code may run beside each other; the aliases follow the last transition. Without
        a pointer they stay: they may be the last record of what served.
        """
        if self.store.stamp() is None:
            return []
        pointer = self.store.pointer()
        if pointer.current not in ("", self.key):
            return []
        return align_aliases(self.registry, pointer.rollout(self.key))


def _as_json(published: Published) -> dict[str, object]:
    """As it is read back from the audit log."""
    return {**msgspec.to_builtins(published), "earlier": list(published.earlier)}
