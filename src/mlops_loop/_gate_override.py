"""Override of the gate: a rejected version is published and promoted, and this is recorded."""

from dataclasses import replace

from ._audit_log import AuditEvent
from ._bundle import read_bundle, require_same_target
from ._card.page import read_card, write_card
from ._project import Project
from .registry._restoration import publish_from_registry
from .registry._version import FORCED_TAG, GATE_TAG, REJECTED


def force_promote(project: Project, version: str, *, actor: str, reason: str) -> AuditEvent:
    """Make a version the champion in spite of the gate; one that it let pass as always.

    Version, card and audit log record who overrode the gate, when and why.

    Raises:
        RegistryError: if there is no such version, or it cannot serve.
    """
    transitions = project.transitions
    with transitions.lock():
        registered = project.registry.version(version)
        rejected = registered.tags.get(GATE_TAG) == REJECTED
        if rejected and FORCED_TAG not in registered.tags:
            publish_from_registry(
                project.registry, project.bundles, registered, transitions.features_digest
            )
            require_same_target(read_bundle(project.bundles.fetch(version)), project.contract)
            when = f"{project.clock.now():%Y-%m-%d}"
            card = read_card(project.registry, registered.run_id)
            note = f"{actor} overrode the gate on {when}: {reason.rstrip('.')}"
            write_card(replace(card, override=note), project.settings, project.registry)
            for key, value in _tags(project, actor, reason).items():
                project.registry.tag(version, key, value)
    recorded_reason = f"gate overridden: {reason}" if rejected else reason
    details = {"forced": True} if rejected else None
    return transitions.promote(version, actor=actor, reason=recorded_reason, details=details)


def _tags(project: Project, actor: str, reason: str) -> dict[str, str]:
    """The one that lets it serve comes last."""
    moment = project.clock.now().isoformat()
    return {f"{FORCED_TAG}_by": actor, f"{FORCED_TAG}_at": moment, FORCED_TAG: reason}
