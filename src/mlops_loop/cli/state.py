"""Commands that say how things are: status and doctor."""

import click

from .common import AS_JSON, Session, opened, show_json


@click.command()
@AS_JSON
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Say which versions serve, what the log holds and where the loop stands."""
    from ..status import project_status

    with opened(session) as project:
        found = project_status(project)
        if as_json:
            show_json(found.to_json())
        else:
            click.echo("\n".join(found.messages()))


@click.command()
@AS_JSON
@click.pass_obj
def doctor(session: Session, as_json: bool) -> None:
    """Check that all parts are there and agree; exit with 3 if one is not."""
    from ..doctor import examine

    with opened(session) as project:
        checks = examine(project)
    if as_json:
        show_json({"checks": [check.to_json() for check in checks]})
    else:
        click.echo("\n".join(check.summary() for check in checks))
    if not all(check.passed for check in checks):
        raise click.exceptions.Exit(3)
