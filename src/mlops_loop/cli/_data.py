"""Commands for labels and the prediction log."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._common import AS_JSON, DURATION, EXISTING, MOMENT, Session, actor, opened, show_json
from ._dialect import Dialect, dialect_options, overruled

if TYPE_CHECKING:
    from .._project import Project


@click.command()
@click.argument("file", type=EXISTING)
@dialect_options
@click.pass_obj
def label(session: Session, file: Path, dialect: Dialect) -> None:
    """Submit labels: a CSV or Parquet FILE with the columns prediction_id and label.

    They are official: they replace labels that callers gave, and the log records both.
    """
    from ..data._labels import read_labels

    with opened(session) as project:
        csv = overruled(project.settings.csv, dialect)
        labels = read_labels(file, project.contract, project.clock, csv, f"user {actor()}")
        report = project.log.add_labels(labels)
        click.echo(
            f"{report.joined} joined, {report.early} without a prediction so far, "
            f"{report.repeated} repeated, {len(report.conflicting)} conflicting, "
            f"{len(report.replaced)} replaced"
        )
        if report.dropped:
            click.echo(
                f"left out: {len(report.dropped)} without a prediction, since too many labels wait "
                "for theirs; submit them again later",
                err=True,
            )
        if report.other_target:
            click.echo(
                f"left out: {len(report.other_target)} of predictions about another target than "
                f"{project.contract.target_summary}",
                err=True,
            )
        for prediction_id in report.conflicting:
            click.echo(f"conflicting: {prediction_id} keeps its label", err=True)


@click.group()
def log() -> None:
    """Export, delete and migrate what the prediction log holds."""


@log.command()
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write, in .csv or .parquet.",
)
@click.option("--since", type=MOMENT, help="First event time.")
@click.option("--until", type=MOMENT, help="End of the event times, excluded.")
@click.option("--version", help="Only rows that this version predicted.")
@click.pass_obj
def export(session: Session, /, target: Path, **options: Any) -> None:
    """Write predictions, outputs and labels to a CSV or Parquet file."""
    from ..data._log_export import export_log

    with opened(session) as project:
        rows = export_log(project.log, project.contract, target, **options)
        others = project.log.other_schemas()
        left_out = f"; {others} of another target or other inputs left out" if others else ""
        click.echo(f"{rows} predictions in {target}{left_out}")


@log.command()
@AS_JSON
@click.pass_obj
def labels(session: Session, as_json: bool) -> None:
    """Count the labels of the latest predictions that are older than `label_horizon`."""
    from .._doctor.label_arrival import label_coverage
    from ..prediction_log._none import require_kept

    with opened(session) as project:
        require_kept(project.log, "no label is known")
        now = project.clock.now()
        coverage = label_coverage(project.settings, project.contract, project.log, now)
    if as_json:
        show_json(coverage.to_json())
    else:
        click.echo(coverage.summary())


@log.command()
@click.option("--key", required=True, help="Entity key, as sent with the predictions.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--report", is_flag=True, help="List where other rows of the entity are; delete nothing."
)
@click.pass_obj
def erase(session: Session, key: str, yes: bool, report: bool) -> None:
    """Delete all predictions and labels of one entity permanently.

    Snapshots, exports and archives written before are not changed, but listed.
    """
    from .._erasure import erase as run
    from ..errors import InputError

    if report:
        with opened(session) as project:
            _show_remainders(project, key)
        return
    if not yes and not sys.stdin.isatty():
        raise InputError("erasing is permanent: confirm it with --yes")
    if not yes:
        click.confirm("Delete all predictions of this entity permanently?", abort=True)
    with opened(session) as project:
        click.echo(f"{run(project, key, actor=actor())} predictions deleted")
        _show_remainders(project, key)


def _show_remainders(project: "Project", key: str) -> None:
    from .._erasure import find_remainders, not_searched

    remainders = find_remainders(project, key)
    click.echo(
        "still holding rows:" if remainders else "no file or log holds other rows of this entity"
    )
    for remainder in remainders:
        click.echo(f"- {remainder.summary()}")
    click.echo("beyond this search:")
    for note in not_searched(project):
        click.echo(f"- {note}")


@log.command()
@click.option(
    "--older-than", "age", type=DURATION, required=True, help="Age in event time, e.g. 90d."
)
@click.pass_obj
def prune(session: Session, age: timedelta) -> None:
    """Delete old predictions; labelled ones are archived in var/archive first."""
    from .._retention import prune as run

    with opened(session) as project:
        click.echo(run(project, age, actor=actor()).summary())


@log.command()
@click.pass_obj
def migrate(session: Session) -> None:
    """Bring the log's schema up to date after an update of mlops-loop.

    Stop what uses the log, and make a backup, before. An empty database gets its tables.
    """
    from ..prediction_log import migrate_prediction_log

    with opened(session) as project:
        revision = migrate_prediction_log(project.settings.prediction_log, root=project.root)
        state = f"has revision {revision}" if revision else "needs no migration"
        click.echo(f"the schema of the prediction log {state}")
