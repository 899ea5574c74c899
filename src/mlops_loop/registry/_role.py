"""The role of a new version: champion, challenger or none."""

from .._champion import champion_bundle
from .._project import Project
from .._publication import Role, Rollout
from .._run_context import RunContext
from .._settings import Settings
from ..errors import BundleError
from ..evaluation._gate_result import GateResult
from ..prediction_log import NONE
from ._attempt import gate_result
from ._transitions import Transitions
from ._version import Version


def assign_role(project: Project, version: Version) -> Version:
    """Make the first version champion; the role of a later one depends on `loop.promotion`.

    A version that the gate rejected gets no role. Neither does one that is identical to the
    champion, or that could not be compared with a champion of other features; `promote VERSION`
    makes it champion. A version that has a
    role keeps it.

    Args:
        project: the project.
        version: the result of `register_version`.

    Returns:
        The version with its new aliases.
    """
    published = _able_to_serve(project)
    gate = gate_result(project.registry, version)
    if version.version not in (published.champion, published.challenger):
        role = choose_role(project.settings, published, gate, succeeds=_succeeds(project))
        if role is not None:
            context, settings = project.context, project.settings
            apply_role(version.version, role, gate, settings, project.transitions, context)
    return project.registry.version(version.version)


def choose_role(
    settings: Settings, published: Rollout, gate: GateResult, *, succeeds: bool = False
) -> Role | None:
    """The role of a new version; None for none.

    Args:
        settings: `loop.promotion`, and whether predictions are logged.
        published: the versions in service under the current features.
        gate: the decision about the version.
        succeeds: whether there is a champion of earlier features. The two cannot serve at the same
            time, so the gate's comparison decides.
    """
    if not gate.passed or gate.hold:
        return None
    if published.champion is None:
        return None if succeeds and settings.loop.promotion == "manual" else "champion"
    if settings.loop.promotion == "live":
        # Without logged predictions, a trial would never be decided.
        return "challenger" if settings.prediction_log != NONE else None
    return "champion" if settings.loop.promotion == "gate" else None


def _able_to_serve(project: Project) -> Rollout:
    """The versions in service; none if the champion predicts classes that do not exist any more."""
    published = project.published()
    try:
        if published.champion is not None:
            champion_bundle(project)
    except BundleError:
        return Rollout()
    return published


def _succeeds(project: Project) -> bool:
    from ..evaluation._champion_predictions import find_predecessor

    return find_predecessor(project) is not None


def apply_role(
    version: str,
    role: Role,
    gate: GateResult,
    settings: Settings,
    transitions: Transitions,
    context: RunContext,
) -> None:
    """Promote a version, or start its trial, with the gate's summary as reason."""
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
