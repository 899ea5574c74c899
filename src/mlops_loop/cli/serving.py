"""Commands that predict, and the one that shows what was tracked."""

import os
from datetime import timedelta

import click

from .common import AS_JSON, Session, Span, opened, show_json
from .progress import display


@click.command()
@click.option("--host", help="Address to listen on; by default that of the settings.")
@click.option("--port", type=click.IntRange(0, 65535))
@click.option("--workers", type=click.IntRange(1))
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None, workers: int | None) -> None:
    """Run the application, also before there is a model to serve."""
    from ..logs import configure_logs
    from ..serving.serve import serve as run

    configure_logs()
    project = session.load().project
    if session.root is not None:
        raise click.UsageError(
            f"the application finds its project by itself: set {project.env_prefix}ROOT"
            " instead of --root"
        )
    run(project, host=host, port=port, workers=workers)


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@click.option("--log", "logged", is_flag=True, help="Append to the prediction log as well.")
@click.pass_obj
def score(session: Session, source: str, target: str, logged: bool) -> None:
    """Predict every row of a CSV or Parquet INPUT into a Parquet OUTPUT.

    Both may be paths or URLs that fsspec knows; INPUT may be a folder or a glob.
    After a kill, the same command goes on behind the parts that were finished.
    """
    from ..predictor import champion_predictor
    from ..scoring import score as run
    from ..scoring.recording import Recording

    with opened(session, logs=logged) as project:
        predictor = champion_predictor(project.bundles, project.features)
        recording = (
            Recording(project.log, project.contract, project.clock, predictor.manifest.version)
            if logged
            else None
        )
        with display("rows") as shown:
            scored = run(
                source,
                target,
                predictor,
                project.contract,
                csv=project.settings.csv,
                hooks=project.hooks,
                record=recording.append if recording else None,
                workspace=project.paths.scoring,
                progress=shown.on_progress,
            )
        click.echo(scored.summary())


@click.command()
@click.argument("source", metavar="FILE")
@click.option("--url", help="Where the service is; by default where the settings put it.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Rows a second, at most.")
@click.option("--labels", metavar="COLUMN", help="Tell the outcomes in this column as well.")
@click.option("--delay", type=Span(), help="How long after its row an outcome is told, as 7d.")
@AS_JSON
@click.pass_obj
def replay(
    session: Session,
    source: str,
    url: str | None,
    rate: float | None,
    labels: str | None,
    delay: timedelta | None,
    as_json: bool,
) -> None:
    """Ask a running service about the rows of FILE one after another, as callers would.

    The environment variable API_KEY holds the key, if the service wants one.
    """
    from ..replay import replay as run
    from ..replay.rows import open_rows
    from ..replay.run import KEY

    if delay is not None and labels is None:
        raise click.UsageError("--delay says when labels come: say which with --labels COLUMN")
    project = session.project()
    serving = project.settings.serving
    own_keys = () if url else (key for key in serving.api_keys if not key.startswith("sha256:"))
    with display("rows") as shown:
        found = run(
            open_rows(source, project.contract, project.settings.csv, labels),
            url or f"http://{serving.host}:{serving.port}",
            key=os.environ.get(KEY) or next(iter(own_keys), None),
            rate=rate,
            delay=delay,
            progress=shown.on_progress,
        )
    if as_json:
        show_json(found.to_json())
    else:
        click.echo("\n".join(found.messages()))
    if not found.passed:
        raise click.exceptions.Exit(3)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.pass_obj
def ui(session: Session, host: str, port: int) -> None:
    """Open MLflow's pages on the project's own store."""
    from ..registry.ui import run_ui

    with opened(session) as project:
        run_ui(project.settings, host=host, port=port)
