"""Commands for the stages of the pipeline, and `train` for those after `ingest`.

A command writes the reference that its stage returned to `var/stages/`, where the next one reads
it, and beside it what tools that follow the stages show (see `_stage_files.py`). An orchestrator
that passes references itself names the file, or `-` for standard input.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from ._common import AS_JSON, ENGINE, MOMENT, Session, actor, opened, show_json
from ._progress import Display, display

if TYPE_CHECKING:
    from .._project import Project
    from .._references import Reference
    from .._training.leaderboard import Leaderboard
    from ..registry import Version

    Ref = TypeVar("Ref", bound=Reference)

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
    with _stage(session, shown, engine) as project:
        ref = session.pipeline().ingest(project, source=source, since=since, until=until)
        _leave(project, "snapshot", ref, as_json=as_json)


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
        _search() if tune or resume else nullcontext(Display()) as shown,
        _stage(session, shown) as project,
    ):
        snapshot = SnapshotRef.from_json(given.read()) if given else SnapshotRef.latest(project)
        ref = session.pipeline().fit(project, snapshot, tune=tune or resume, resume=resume)
        board = _leaderboard(project, ref.run_id)
        if board is not None:
            leave(project, LEADERBOARD, board.to_json())
        if not as_json:
            _show_leaderboard(board)
            click.echo(f"fitted in run {ref.run_id}; next: evaluate")
        _leave(project, "run", ref, as_json=as_json)


@click.command()
@FROM
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if the gate rejects the model.")
@AS_JSON
@click.pass_obj
def evaluate(session: Session, given: IO[str] | None, exit_zero: bool, as_json: bool) -> None:
    """Apply the gate to the fitted model, on the held-out rows; exit with 3 if it is rejected."""
    from .._references import RunRef
    from .._stage_files import leave_metrics

    with _stage(session) as project:
        run = _take(project, "run", RunRef, given, "fit")
        ref = session.pipeline().evaluate(project, run)
        leave_metrics(project, ref)
        if not as_json:
            click.echo(f"{'passed' if ref.passed else 'rejected'} by the gate; next: register")
        _leave(project, "decision", ref, as_json=as_json)
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

    with _stage(session) as project:
        decision = _take(project, "decision", DecisionRef, given, "evaluate")
        if export is not None:
            require_empty(export)
        version = session.pipeline().register(project, decision)
        leave_version(project, version)
        if export is not None and decision.passed:
            export_version(project.bundles, version.version, project.rollout_key, export)
        _show_version(project, version, as_json=as_json)


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
        _search() if tune or resume else nullcontext(Display()) as shown,
        _stage(session, shown) as project,
    ):
        snapshot = SnapshotRef.latest(project)
        version = session.pipeline().train(project, snapshot, tune=tune or resume, resume=resume)
        if not as_json:
            _show_leaderboard(_leaderboard(project, version.run_id))
        for text in arrival_warnings(project):
            click.echo(f"warning: {text}", err=True)
        _show_version(project, version, as_json=as_json)


@contextmanager
def _search() -> Iterator[Display]:
    """The display of a search; its finished trials survive an interruption."""
    try:
        with display("trials") as shown:
            yield shown
    except KeyboardInterrupt:
        click.echo("finished trials are kept: --resume continues the search", err=True)
        raise


@contextmanager
def _stage(
    session: Session, shown: Display | None = None, engine: str | None = None
) -> "Iterator[Project]":
    """The project for stages that a user runs."""
    from .._run_context import RunContext
    from ..registry._mlflow_errors import translate_mlflow_errors

    shown = shown or Display()
    context = RunContext(actor(), on_stage=shown.note, on_trial=shown.on_progress)
    with opened(session, engine=engine) as project, translate_mlflow_errors():
        project.context = context
        yield project


def _leave(project: "Project", name: str, ref: "Reference", *, as_json: bool) -> None:
    """Write a reference for the next command, and show it."""
    from .._stage_files import leave

    leave(project, f"{name}.json", ref.to_json() + "\n")
    if as_json:
        click.echo(ref.to_json())


def _take(
    project: "Project", name: str, kind: "type[Ref]", given: IO[str] | None, stage: str
) -> "Ref":
    """The given reference, or the one that the previous command wrote."""
    from ..errors import InputError

    if given is not None:
        return kind.from_json(given.read())
    try:
        file = project.paths.references / f"{name}.json"
        return kind.from_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"there is no {name} to continue with: run `{stage}` first") from error


def _leaderboard(project: "Project", run: str) -> "Leaderboard | None":
    """The leaderboard of a run, if the pipeline logs one."""
    from ..registry._registration import read_leaderboard

    return read_leaderboard(project.registry, run)


def _show_leaderboard(board: "Leaderboard | None") -> None:
    if board is not None:
        click.echo(board.table(get_terminal_size().columns))


def _show_version(project: "Project", version: "Version", *, as_json: bool) -> None:
    """Show the gate's decision and the role of a version; exit with 3 if it was rejected."""
    from ..registry._attempt import gate_result

    gate = gate_result(project.registry, version)
    if as_json:
        board = _leaderboard(project, version.run_id)
        report: dict[str, Any] = {
            "version": version.version,
            "run_id": version.run_id,
            "passed": gate.passed,
            "aliases": list(version.aliases),
            "stage_seconds": project.context.seconds,
            "leaderboard": json.loads(board.to_json()) if board else None,
        }
        show_json(report)
    else:
        click.echo(gate.summary())
        role = ", ".join(version.aliases) or (
            f"not promoted; run `promote {version.version}`"
            if gate.passed
            else "rejected by the gate"
        )
        click.echo(f"version {version.version}: {role}")
    if not gate.passed:
        raise click.exceptions.Exit(3)
