"""Leaderboard, tuning, final fit, export, gate, registration: one training."""

from collections.abc import Callable

from ..data.snapshot import Snapshot, latest_snapshot
from ..project import Project
from .request import TrainingRequest, TrainingResult
from .run import train

__all__ = ["train_project"]


def train_project(
    project: Project,
    *,
    snapshot: Snapshot | None = None,
    tune: bool = False,
    resume: bool = False,
    actor: str = "user",
    reason: str = "",
    as_challenger: bool | None = None,
    attempt: str = "",
    on_stage: Callable[[str], None] | None = None,
    on_trial: Callable[[int, int], None] | None = None,
) -> TrainingResult:
    """Train a project's model; see `training.request.Request` for the options.

    Args:
        project: the project put together.
        snapshot: what to train on, by default the latest one.

    Raises:
        SnapshotError: if nothing was ingested yet, or too little.
        InputError: if there is no earlier search to take up.
    """
    settings = project.settings
    rows = snapshot or latest_snapshot(project.paths.snapshots)
    request = TrainingRequest(
        tune=tune,
        resume=resume,
        actor=actor,
        reason=reason,
        as_challenger=as_challenger,
        attempt=attempt,
        on_stage=on_stage or (lambda told: None),
        on_trial=on_trial or (lambda done, total: None),
    )
    return train(settings, project.contract, project.features, rows, project.transitions, request)
