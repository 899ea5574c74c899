"""The commands monitor and loop."""

from typing import TYPE_CHECKING, Any

import click

from ._common import AS_JSON, MOMENT, REASON, Session, actor, opened, set_up_logs, show_json
from ._progress import display

if TYPE_CHECKING:
    from .._project import Project


@click.command()
@click.option(
    "--since",
    type=MOMENT,
    help="Beginning of the window, in event time.",
)
@click.option("--until", type=MOMENT, help="End of the window, excluded.  [default: now]")
@click.option("--version", help="Monitor this version.  [default: champion]")
@click.option("--segment-by", metavar="COLUMN", help="Report on each value of a category as well.")
@click.option("--page/--no-page", default=True, help="Write Evidently's page.")
@click.option("--alert", is_flag=True, help="Send alerts about findings that are new or over.")
@click.option("--fail-on", type=click.Choice(["drift"]), help="Exit with 3 if this is found.")
@AS_JSON
@click.pass_obj
def monitor(
    session: Session, /, alert: bool, fail_on: str | None, as_json: bool, **options: Any
) -> None:
    """Check a window of predictions for drift, data quality and performance."""
    from ..monitoring import monitor_project

    with opened(session) as project:
        plan = session.monitoring()
        report = monitor_project(
            project, checks=plan.checks, metric=plan.metric, actions=plan.actions, **options
        )
        if as_json:
            show_json(report.to_json())
        else:
            click.echo("\n".join(report.messages()))
        if alert:
            from ..monitoring._alert_state import open_alert_tracker
            from ..monitoring._alerts import open_alerts
            from ..monitoring._incidents import find_incidents

            alerts = open_alerts(project, plan.receivers)
            alerts.retry()
            messages = {
                incident.kind: f"{report.window}: {incident.text}; advice: {report.advice}"
                for incident in find_incidents(report)
            }
            open_alert_tracker(project, alerts).update(report, messages)
        if report.has_failed_checks:
            raise click.exceptions.Exit(1)
        if fail_on == "drift" and report.drift:
            raise click.exceptions.Exit(3)


@click.command()
@click.argument("text")
@click.pass_obj
def alert(session: Session, text: str) -> None:
    """Send TEXT to the receivers of alerts, e.g. about a task that has failed."""
    from ..monitoring._alerts import open_alerts

    with opened(session) as project:
        alerts = open_alerts(project, session.monitoring().receivers)
        alerts.retry()
        alerts.send(text)


def _retry_alerts(session: Session, project: "Project") -> None:
    """Retry undelivered alerts; imports nothing if there are none."""
    if any(project.paths.alert_outbox.glob("*/*.json")):
        from ..monitoring._alerts import open_alerts

        open_alerts(project, session.monitoring().receivers).retry()


@click.group()
def loop() -> None:
    """Monitor, retrain, compare, promote: the whole loop."""


@loop.command()
@click.option(
    "--retrain/--no-retrain", default=True, help="Leave a retraining that is due to the next step."
)
@AS_JSON
@click.pass_obj
def step(session: Session, retrain: bool, as_json: bool) -> None:
    """Do what is due now, and exit; also with 0 if another process is running the loop."""
    from ..loop import make_controller

    with opened(session, logs=False) as project:
        _retry_alerts(session, project)
        controller = make_controller(
            project,
            session.pipeline,
            session.monitoring(),
            prepare=set_up_logs,
            retrains=retrain,
        )
        done = controller.step()
        if as_json:
            entries = [entry.to_json() for entry in done.entries]
            show_json(
                {
                    "entries": entries,
                    "idle": done.idle or None,
                    "next": done.outlook or None,
                    "retraining": done.due or None,
                }
            )
        else:
            click.echo("\n".join([*(entry.summary() for entry in done.entries), done.summary()]))


@loop.command()
@click.option(
    "--every", type=click.IntRange(1), default=300, show_default=True, help="Seconds between steps."
)
@click.pass_obj
def run(session: Session, every: int) -> None:
    """Run a step every few minutes until interrupted; an error of a step does not end it."""
    import signal
    import time

    from ..errors import ProjectError
    from ..loop import make_controller

    # A step that is terminated then releases its lease.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with opened(session) as project:
        controller, last = make_controller(project, session.pipeline, session.monitoring()), ""
        while True:
            _retry_alerts(session, project)
            try:
                done = controller.step()
            except ProjectError as error:
                click.echo(f"error: {error}", err=True)
            else:
                for entry in done.entries:
                    click.echo(entry.summary())
                # What it waits for is the same for many steps.
                if done.entries or (done.idle or done.outlook) != last:
                    click.echo(done.summary())
                last = done.idle or done.outlook
            time.sleep(every)


@loop.command()
@REASON
@click.pass_obj
def pause(session: Session, reason: str) -> None:
    """Pause the loop after the current step; the service and all commands keep working."""
    _set_paused(session, True, reason)


@loop.command()
@REASON
@click.pass_obj
def resume(session: Session, reason: str) -> None:
    """Resume the loop."""
    _set_paused(session, False, reason)


def _set_paused(session: Session, paused: bool, reason: str) -> None:
    from .._audit_log import AuditEvent
    from ..loop._lease import set_paused

    kind = "pause" if paused else "resume"
    with opened(session, logs=False) as project:
        if not set_paused(project.loop_state, paused):
            click.echo("the loop is paused already" if paused else "the loop is not paused")
            return
        entry = AuditEvent(project.clock.now(), kind, actor(), reason)
        project.audit_log.append(entry)
        click.echo(entry.summary())


@loop.command()
@AS_JSON
@click.pass_obj
def history(session: Session, as_json: bool) -> None:
    """Print all transitions with time, user and reason, oldest first."""
    with opened(session, logs=False) as project:
        entries = list(project.audit_log.completed())
        if as_json:
            show_json({"entries": [entry.to_json() for entry in entries]})
        else:
            click.echo("\n".join(entry.summary() for entry in entries) or "no transitions yet")


@loop.command()
@click.option("--months", type=click.IntRange(1), help="Replay only the first N months.")
@click.option("--rows-per-month", type=click.IntRange(1), help="Rows of each month.")
@click.option(
    "--fresh",
    is_flag=True,
    help="Archive var/ and the prediction log, and start with an empty project.",
)
@click.pass_obj
def replay(session: Session, months: int | None, rows_per_month: int | None, fresh: bool) -> None:
    """Replay the source month by month against the real service, with labels and retraining."""
    import logging

    from .._logs import configure_logs
    from .._loop_replay import ProgressListener, replay_year

    configure_logs(logging.ERROR)  # the display shows alerts already
    with opened(session, logs=False) as project, display("rows") as shown:
        replay_year(
            project,
            session.pipeline,
            session.monitoring(),
            ProgressListener(shown.on_message, shown.on_progress),
            months=months,
            rows_per_month=rows_per_month,
            fresh=fresh,
        )
