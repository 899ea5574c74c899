"""Commands that predict, and MLflow's user interface."""

from datetime import timedelta

import click

from ._common import AS_JSON, DURATION, ENGINE, Session, opened, show_json
from ._dialect import Dialect, dialect_options, overruled
from ._progress import display


@click.command()
@click.option("--host", help="Address to listen on.  [default: `serving.host`]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    envvar="PORT",
    show_envvar=True,
    help="[default: `serving.port`]",
)
@click.option("--workers", type=click.IntRange(1), help="[default: `serving.workers`]")
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None, workers: int | None) -> None:
    """Run the application; it picks up the first version when it is published."""
    from .._logs import configure_logs
    from ..serving._serve import serve as run

    configure_logs()
    project = session.load().project
    if session.root is not None:
        raise click.UsageError(
            f"--root has no effect on the application: set {project.env_prefix}ROOT" " instead"
        )
    run(project, host=host, port=port, workers=workers)


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@click.option("--log", "logged", is_flag=True, help="Write to the prediction log as well.")
@ENGINE
@dialect_options
@click.pass_obj
def score(
    session: Session,
    source: str,
    target: str,
    logged: bool,
    engine: str | None,
    dialect: Dialect,
) -> None:
    """Predict every row of INPUT, e.g. CSV or Parquet; write .csv or .parquet, as OUTPUT ends.

    Both are paths or fsspec URLs; INPUT may be a folder or a glob. After an interruption, the
    same command resumes after the parts that are finished.
    """
    from .._champion import champion_predictor
    from .._scoring import score as run
    from .._scoring.recording import Recording
    from ..prediction_log._none import require_kept

    with opened(session, logs=logged, engine=engine) as project:
        if logged:
            require_kept(project.log, "--log has nothing to write to")
        predictor = champion_predictor(project)
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
                csv=overruled(project.settings.csv, dialect),
                hooks=project.hooks,
                record=recording.append if recording else None,
                workspace=project.paths.scoring,
                engine=project.settings.engine,
                progress=shown.on_progress,
            )
        click.echo(scored.summary())


@click.command()
@click.argument("source", metavar="FILE")
@click.option("--url", help="URL of the service.  [default: from `serving` of the settings]")
@click.option("--key", envvar="API_KEY", show_envvar=True, help="API key of the service.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Rows per second (limit).")
@click.option("--labels", metavar="COLUMN", help="Send the labels in this column as well.")
@click.option("--delay", type=DURATION, help="Delay of a label after its row, e.g. 7d.")
@AS_JSON
@dialect_options
@click.pass_obj
def replay(
    session: Session,
    source: str,
    url: str | None,
    key: str | None,
    rate: float | None,
    labels: str | None,
    delay: timedelta | None,
    as_json: bool,
    dialect: Dialect,
) -> None:
    """Send the rows of FILE to a running service, one by one and in order.

    Give the API key in the environment: other users can read the options of a process.
    """
    from .._replay import replay as run
    from .._replay.rows import open_rows

    if delay is not None and labels is None:
        raise click.UsageError("--delay needs --labels COLUMN")
    project = session.project()
    serving = project.settings.serving
    own_keys = () if url else (own for own in serving.api_keys if not own.startswith("sha256:"))
    csv = overruled(project.settings.csv, dialect)
    with display("rows") as shown:
        result = run(
            open_rows(source, project.contract, csv, labels),
            url or f"http://{serving.host}:{serving.port}",
            key=key or next(iter(own_keys), None),
            rate=rate,
            delay=delay,
            progress=shown.on_progress,
        )
    if as_json:
        show_json(result.to_json())
    else:
        click.echo("\n".join(result.messages()))
    if not result.passed:
        raise click.exceptions.Exit(3)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.pass_obj
def ui(session: Session, host: str, port: int) -> None:
    """Run MLflow's user interface on the project's tracking store."""
    from ..registry._ui import run_ui

    with opened(session) as project:
        run_ui(project.settings, host=host, port=port, report=click.echo)
