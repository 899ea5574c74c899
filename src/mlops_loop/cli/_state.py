"""The commands status and doctor."""

import click

from ._common import AS_JSON, Session, opened, show_json


@click.command()
@AS_JSON
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Show the versions in service, the size of the prediction log and the loop's state."""
    from .._status import project_status

    with opened(session) as project:
        result = project_status(project)
        if as_json:
            show_json(result.to_json())
        else:
            click.echo("\n".join(result.messages()))


@click.command()
@AS_JSON
@click.pass_obj
def doctor(session: Session, as_json: bool) -> None:
    """Check that all parts of the project are valid and consistent; exit with 3 if not."""
    from .._doctor import examine

    with opened(session) as project:
        checks = examine(project)
    if as_json:
        show_json({"checks": [check.to_json() for check in checks]})
    else:
        click.echo("\n".join(check.summary() for check in checks))
    if not all(check.passed for check in checks):
        raise click.exceptions.Exit(3)
