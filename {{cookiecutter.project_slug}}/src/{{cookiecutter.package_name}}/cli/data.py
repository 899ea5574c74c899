"""Commands that move data: ingest, label, log."""

from datetime import datetime
from pathlib import Path

import click

from .common import EXISTING, MOMENT, opened


@click.command()
@click.option("--source", help="Address of the base source; by default that of the settings.")
@click.option("--until", type=MOMENT, help="Leave out what happened from this moment on.")
@click.pass_obj
def ingest(root: Path, source: str | None, until: datetime | None) -> None:
    """Validate the source and the labelled predictions into one snapshot."""
    from ..data.ingestion import ingest as run

    with opened(root) as project:
        result = run(
            project.settings, project.contract, source=source, log=project.log, until=until
        )
        click.echo(result.sentence())


@click.command()
@click.argument("file", type=EXISTING)
@click.pass_obj
def label(root: Path, file: Path) -> None:
    """Join outcomes to predictions: CSV or Parquet with prediction_id and label."""
    from ..data.labels import read_labels

    with opened(root) as project:
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
    """Look into the prediction log."""


@log.command()
@click.option("--to", "target", type=click.Path(path_type=Path), required=True)
@click.option("--since", type=MOMENT)
@click.option("--until", type=MOMENT)
@click.pass_obj
def export(root: Path, target: Path, since: datetime | None, until: datetime | None) -> None:
    """Write predictions, outputs and labels to a Parquet file."""
    from ..data.log_export import export_log

    with opened(root) as project:
        rows = export_log(project.log, project.contract, target, since=since, until=until)
        click.echo(f"{rows} predictions in {target}")
