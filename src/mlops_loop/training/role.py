"""What becomes of a version that passed the gate."""

from typing import Literal

from ..evaluation.gate_result import GateResult
from ..registry import Transitions
from ..settings import Settings

Role = Literal["champion", "challenger"]


def assign_role(
    version: str,
    gate_result: GateResult,
    settings: Settings,
    transitions: Transitions,
    *,
    actor: str,
    reason: str,
    as_challenger: bool | None = None,
) -> Role | None:
    """Make the first version champion, a later one what `loop.promotion` says.

    Args:
        version: registered, and published if it passed.
        gate_result: the gate's; a refused version gets no role.
        settings: `loop.promotion`, and how a challenge is run.
        transitions: of the project.
        actor: who asked, for the record.
        reason: why, for the record; the gate's sentence is added.
        as_challenger: True for a challenge whatever the settings say, False for no role.

    Returns:
        The role given, None for none.
    """
    role = _role(settings, transitions.published().champion, as_challenger)
    if not gate_result.passed or role is None:
        return None
    told = f"{reason}: {gate_result.summary()}" if reason else gate_result.summary()
    if role == "champion":
        transitions.promote(version, actor=actor, reason=told, details=gate_result.metrics)
    else:
        transitions.challenge(
            version,
            actor=actor,
            reason=told,
            mode=settings.challenge.mode,
            share=settings.challenge.share,
            details=gate_result.metrics,
        )
    return role


def _role(settings: Settings, champion: str | None, as_challenger: bool | None) -> Role | None:
    if as_challenger is False:
        return None
    if champion is None:
        return "champion"
    if as_challenger or settings.loop.promotion == "live":
        return "challenger"
    return "champion" if settings.loop.promotion == "gate" else None
