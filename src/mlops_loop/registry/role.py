"""What becomes of a version that passed the gate."""

from typing import Literal

from ..evaluation.gate_result import GateResult
from ..project import Project
from ..publication import Rollout
from ..run_context import RunContext
from ..settings import Settings
from .attempt import gate_result
from .mlflow_registry import Version
from .transitions import Transitions

Role = Literal["champion", "challenger"]


def assign_role(project: Project, version: Version) -> Version:
    """Make the first version champion, a later one what `loop.promotion` says.

    A version that the gate rejected gets no role. Neither does one that could not be compared
    with the champion of other features: `promote VERSION` gives it the champion's by hand. A
    version that has a role keeps it.

    Args:
        project: whose version it is.
        version: registered, and published if it passed.

    Returns:
        The version with the aliases that it has now.
    """
    published = project.published()
    gate = gate_result(project.registry, version)
    if version.version not in (published.champion, published.challenger):
        role = choose_role(project.settings, published, gate, succeeds=_succeeds(project))
        if role is not None:
            context, settings = project.context, project.settings
            give_role(version.version, role, gate, settings, project.transitions, context)
    return project.registry.version(version.version)


def choose_role(
    settings: Settings, published: Rollout, gate: GateResult, *, succeeds: bool = False
) -> Role | None:
    """The role of a new version; None for none.

    Args:
        settings: `loop.promotion`.
        published: who serves with the present features.
        gate: the decision about the version.
        succeeds: whether there is a champion of other features, which the present ones succeed.
            The two cannot serve beside each other, so the gate's comparison is the last word.
    """
    if not gate.passed or gate.hold:
        return None
    if published.champion is None:
        return None if succeeds and settings.loop.promotion == "manual" else "champion"
    if settings.loop.promotion == "live":
        return "challenger"
    return "champion" if settings.loop.promotion == "gate" else None


def _succeeds(project: Project) -> bool:
    from ..evaluation.champion import find_predecessor

    return find_predecessor(project) is not None


def give_role(
    version: str,
    role: Role,
    gate: GateResult,
    settings: Settings,
    transitions: Transitions,
    context: RunContext,
) -> None:
    """Promote a version, or put it on trial, for the reasons of the gate."""
    reason = f"{context.reason}: {gate.summary()}" if context.reason else gate.summary()
    if role == "champion":
        transitions.promote(version, actor=context.actor, reason=reason, details=gate.metrics)
        return
    transitions.challenge(
        version,
        actor=context.actor,
        reason=reason,
        mode=settings.challenge.mode,
        share=settings.challenge.share,
        details=gate.metrics,
    )
