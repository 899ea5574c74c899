"""Transitions of versions: challenge, promotion, confirmation, rejection, rollback."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from .._audit_log import AuditEvent
from .._bundle import Bundle
from .._champion import other_target
from ..errors import RegistryError
from ._eligibility import no_earlier_champion, require_eligible
from ._history import champions, last_of
from ._rollout_rules import EARLIER_CHAMPIONS, promoted
from ._rollout_transaction import Details, RolloutTransaction


@dataclass(frozen=True, kw_only=True)
class Transitions(RolloutTransaction):
    """Moves versions in and out of service; the journal records each move.

    Attributes:
        require_servable: raises BundleError for a bundle that cannot answer a request; asked
            before the pointer names it.
        probation: whether a champion that is replaced stays in shadow.
    """

    require_servable: Callable[[Bundle], None]
    probation: bool

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

        Visible to a service once the pointer of the bundle store is replaced and its
        `PointerWatcher` has looked (`serving.watch_interval`). The previous champion stays in
        shadow for a probation, unless a third version is on trial.

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
                raise RegistryError(
                    no_earlier_champion(
                        self.registry, self.audit_log, self.key, self.features_digest
                    )
                )
            self._require(version)
            earlier = champions(self._history())[-3::-1]  # newest first
            after = msgspec.structs.replace(
                before.without_challenger(),
                champion=version,
                previous=earlier[0] if earlier else None,
                earlier=tuple(earlier[1 : 1 + EARLIER_CHAMPIONS]),
            )
            return self._move("rollback", version, before, after, actor, reason, details)

    def _require(self, version: str) -> Bundle:
        return require_eligible(
            version,
            self.registry,
            self.store,
            self.features_digest,
            self.contract,
            self.require_servable,
        )
