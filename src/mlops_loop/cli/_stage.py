"""What commands for stages share: the context, the references between them, and their output."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from ._common import Session, actor, opened, show_json
from ._progress import Display, display

if TYPE_CHECKING:
    from .._project import Project
    from .._references import Reference
    from .._training.leaderboard import Leaderboard
    from ..registry import Version

    Ref = TypeVar("Ref", bound=Reference)


@contextmanager
def search() -> Iterator[Display]:
    """The display of a search; its finished trials survive an interruption."""
    try:
        with display("trials") as shown:
            yield shown
    except KeyboardInterrupt:
        click.echo("finished trials are kept: --resume continues the search", err=True)
        raise


@contextmanager
def running_stage(
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


def leave_reference(project: "Project", name: str, ref: "Reference", *, as_json: bool) -> None:
    """Write a reference for the next command, and show it."""
    from .._stage_files import leave

    leave(project, f"{name}.json", ref.to_json() + "\n")
    if as_json:
        click.echo(ref.to_json())


def take_reference(
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


def leaderboard_of(project: "Project", run: str) -> "Leaderboard | None":
    """The leaderboard of a run, if the pipeline logs one."""
    from ..registry._registration import read_leaderboard

    return read_leaderboard(project.registry, run)


def show_leaderboard(board: "Leaderboard | None") -> None:
    if board is not None:
        click.echo(board.table(get_terminal_size().columns))


def show_version(project: "Project", version: "Version", *, as_json: bool) -> None:
    """Show the gate's decision and the role of a version; exit with 3 if it was rejected."""
    from ..registry._attempt import gate_result

    gate = gate_result(project.registry, version)
    if as_json:
        board = leaderboard_of(project, version.run_id)
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
