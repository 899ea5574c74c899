"""Commands that watch and act: monitor and loop."""

import time
from datetime import datetime
from pathlib import Path

import click

from .common import AS_JSON, MOMENT, opened, show_json
from .progress import display


@click.command()
@click.option("--since", type=MOMENT, help="Beginning of the window, in event time.")
@click.option("--until", type=MOMENT, help="End of the window; by default now.")
@click.option("--fail-on", type=click.Choice(["drift"]), help="Exit with 3 when this is found.")
@AS_JSON
@click.pass_obj
def monitor(
    root: Path, since: datetime | None, until: datetime | None, fail_on: str | None, as_json: bool
) -> None:
    """Compare a window of predictions with the champion's reference rows."""
    from ..monitoring import monitor_project

    with opened(root) as project:
        found = monitor_project(project, since=since, until=until)
        if as_json:
            show_json(found.to_json())
        else:
            click.echo("\n".join(found.sentences()))
        if fail_on == "drift" and found.drift:
            raise click.exceptions.Exit(3)


@click.group()
def loop() -> None:
    """Watch, retrain, challenge, promote: the whole loop."""


@loop.command()
@AS_JSON
@click.pass_obj
def step(root: Path, as_json: bool) -> None:
    """Do whatever is due now, then exit."""
    from ..loop.assembly import make_loop

    with opened(root) as project:
        entries = make_loop(project).step().entries
        if as_json:
            show_json({"entries": [entry.to_json() for entry in entries]})
        else:
            click.echo("\n".join(entry.sentence() for entry in entries) or "nothing was due")


@loop.command()
@click.option("--every", type=click.IntRange(1), default=300, show_default=True, help="Seconds.")
@click.pass_obj
def run(root: Path, every: int) -> None:
    """Keep stepping until interrupted."""
    from ..loop.assembly import make_loop

    with opened(root) as project:
        machine = make_loop(project)
        while True:
            for entry in machine.step().entries:
                click.echo(entry.sentence())
            time.sleep(every)


@loop.command()
@AS_JSON
@click.pass_obj
def history(root: Path, as_json: bool) -> None:
    """Print every transition, oldest first."""
    with opened(root) as project:
        entries = list(project.journal.done())
        if as_json:
            show_json({"entries": [entry.to_json() for entry in entries]})
        else:
            click.echo("\n".join(entry.sentence() for entry in entries) or "nothing has happened")


@loop.command()
@click.option("--months", type=click.IntRange(1), help="Play only the first so many months.")
@click.option("--rows-per-month", type=click.IntRange(1), help="Flights of each month.")
@click.option("--fresh", is_flag=True, help="Set aside what var/ and the log hold, and begin anew.")
@click.pass_obj
def replay(root: Path, months: int | None, rows_per_month: int | None, fresh: bool) -> None:
    """Play the sample's year month by month against the real service."""
    import logging

    from ..logs import configure_logs
    from ..loop.replay import Audience, replay_year

    configure_logs(logging.ERROR)  # the display tells of alerts already
    with display("rows") as shown:
        replay_year(
            root,
            Audience(shown.tell, shown.reached),
            months=months,
            rows_per_month=rows_per_month,
            fresh=fresh,
        )
