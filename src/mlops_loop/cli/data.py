"""Commands that move data: ingest, label, log."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from .common import EXISTING, MOMENT, Session, Span, actor, opened


@click.command()
@click.argument("file", type=EXISTING)
@click.pass_obj
def label(session: Session, file: Path) -> None:
    """Join outcomes to predictions: CSV or Parquet with prediction_id and label."""
    from ..data.labels import read_labels

    with opened(session) as project:
        labels = read_labels(file, project.contract, project.clock, project.settings.csv)
        report = project.log.add_labels(labels)
        click.echo(
            f"{report.joined} joined, {report.early} wait for their prediction, "
            f"{report.repeated} known already, {len(report.conflicting)} conflicting"
        )
        for prediction_id in report.conflicting:
            click.echo(f"conflicting: {prediction_id} keeps its first label", err=True)


@click.group()
def log() -> None:
    """Export, delete and migrate what the prediction log holds."""


@log.command()
@click.option("--to", "target", type=click.Path(path_type=Path), required=True)
@click.option("--since", type=MOMENT)
@click.option("--until", type=MOMENT)
@click.option("--version", help="Rows that this version answered.")
@click.pass_obj
def export(session: Session, /, target: Path, **asked: Any) -> None:
    """Write predictions, outputs and labels to a Parquet file."""
    from ..data.log_export import export_log

    with opened(session) as project:
        rows = export_log(project.log, project.contract, target, **asked)
        click.echo(f"{rows} predictions in {target}")


@log.command()
@click.option("--key", required=True, help="The entity, as its predictions were asked for.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(session: Session, key: str, yes: bool) -> None:
    """Delete all predictions of one entity, with their labels, for good.

    Snapshots, exports and archives that were made before keep what they hold.
    """
    from ..data.retention import erase as run
    from ..errors import InputError

    if not yes and not sys.stdin.isatty():
        raise InputError("what is erased is gone for good: say --yes to erase it")
    if not yes:
        click.confirm("Delete all predictions of this entity for good?", abort=True)
    with opened(session) as project:
        click.echo(f"{run(project, key, actor=actor())} predictions deleted")


@log.command()
@click.option("--older-than", "age", type=Span(), required=True, help="In event time, as 90d.")
@click.pass_obj
def prune(session: Session, age: timedelta) -> None:
    """Delete old predictions; those with a label are archived in var/archive first."""
    from ..data.retention import prune as run

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
