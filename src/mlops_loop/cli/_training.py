"""Commands for the stages of the pipeline, and `train` for those after `ingest`.

A command writes the reference that its stage returned to `var/stages/`, where the next one reads
it, and beside it what tools that follow the stages show (see `_stage_files.py`). An orchestrator
that passes references itself names the file, or `-` for standard input.
"""

from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO

import click

from ._common import AS_JSON, ENGINE, MOMENT, Session
from ._progress import Display
from ._stage import (
    leaderboard_of,
    leave_reference,
    running_stage,
    search,
    show_leaderboard,
    show_version,
    take_reference,
)

FROM = click.option(
    "--from",
    "given",
    type=click.File(encoding="utf-8"),
    help="File with the reference of the previous stage; - for standard input.",
)
TUNE = click.option("--tune", is_flag=True, help="Tune the parameters of the candidates first.")
RESUME = click.option("--resume", is_flag=True, help="Resume the last tuning of this snapshot.")


@click.command()
@click.option("--source", help="Address of the rows.  [default: `source` of the settings]")
@click.option("--since", type=MOMENT, help="First event time.")
@click.option("--until", type=MOMENT, help="End of the event times, excluded.")
@ENGINE
@AS_JSON
@click.pass_obj
def ingest(
    session: Session,
    source: str | None,
    since: datetime | None,
    until: datetime | None,
    engine: str | None,
    as_json: bool,
) -> None:
    """Validate the source and the labelled predictions, and write a snapshot."""
    shown = Display() if as_json else Display(on_note=click.echo)
    with running_stage(session, shown, engine) as project:
        ref = session.pipeline().ingest(project, source=source, since=since, until=until)
        leave_reference(project, "snapshot", ref, as_json=as_json)


@click.command()
@TUNE
@RESUME
@FROM
@AS_JSON
@click.pass_obj
def fit(session: Session, tune: bool, resume: bool, given: IO[str] | None, as_json: bool) -> None:
    """Compare the candidates, fit the best one, and export it."""
    from .._references import SnapshotRef
    from .._stage_files import LEADERBOARD, leave

    with (
        search() if tune or resume else nullcontext(Display()) as shown,
        running_stage(session, shown) as project,
    ):
        snapshot = SnapshotRef.from_json(given.read()) if given else SnapshotRef.latest(project)
        ref = session.pipeline().fit(project, snapshot, tune=tune or resume, resume=resume)
        board = leaderboard_of(project, ref.run_id)
        if board is not None:
            leave(project, LEADERBOARD, board.to_json())
        if not as_json:
            show_leaderboard(board)
            click.echo(f"fitted in run {ref.run_id}; next: evaluate")
        leave_reference(project, "run", ref, as_json=as_json)


@click.command()
@FROM
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if the gate rejects the model.")
@AS_JSON
@click.pass_obj
def evaluate(session: Session, given: IO[str] | None, exit_zero: bool, as_json: bool) -> None:
    """Apply the gate to the fitted model, on the held-out rows; exit with 3 if it is rejected."""
    from .._references import RunRef
    from .._stage_files import leave_metrics

    with running_stage(session) as project:
        run = take_reference(project, "run", RunRef, given, "fit")
        ref = session.pipeline().evaluate(project, run)
        leave_metrics(project, ref)
        if not as_json:
            click.echo(f"{'passed' if ref.passed else 'rejected'} by the gate; next: register")
        leave_reference(project, "decision", ref, as_json=as_json)
    if not (ref.passed or exit_zero):
        raise click.exceptions.Exit(3)


@click.command()
@FROM
@click.option(
    "--export",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for a copy of the version: a bundle store in which it is the champion.",
)
@AS_JSON
@click.pass_obj
def register(session: Session, given: IO[str] | None, export: Path | None, as_json: bool) -> None:
    """Register the evaluated model, publish it, and assign the role of `loop.promotion`."""
    from .._publication import export_version, require_empty
    from .._references import DecisionRef
    from .._stage_files import leave_version

    with running_stage(session) as project:
        decision = take_reference(project, "decision", DecisionRef, given, "evaluate")
        if export is not None:
            require_empty(export)
        version = session.pipeline().register(project, decision)
        leave_version(project, version)
        if export is not None and decision.passed:
            export_version(project.bundles, version.version, project.rollout_key, export)
        show_version(project, version, as_json=as_json)


@click.command()
@TUNE
@RESUME
@AS_JSON
@click.pass_obj
def train(session: Session, tune: bool, resume: bool, as_json: bool) -> None:
    """Fit, evaluate and register on the latest snapshot; exit with 3 if the gate rejects."""
    from .._doctor.label_arrival import arrival_warnings
    from .._references import SnapshotRef

    with (
        search() if tune or resume else nullcontext(Display()) as shown,
        running_stage(session, shown) as project,
    ):
        snapshot = SnapshotRef.latest(project)
        version = session.pipeline().train(project, snapshot, tune=tune or resume, resume=resume)
        if not as_json:
            show_leaderboard(leaderboard_of(project, version.run_id))
        for text in arrival_warnings(project):
            click.echo(f"warning: {text}", err=True)
        show_version(project, version, as_json=as_json)
