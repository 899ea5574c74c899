"""The commands status and doctor."""

from typing import TYPE_CHECKING

import click

from ._common import AS_JSON, Session, opened, show_json

if TYPE_CHECKING:
    from .._doctor.project_checks import Check
    from .._project import Project


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
@click.option("--deploy", is_flag=True, help="Judge the settings for production instead.")
@AS_JSON
@click.pass_obj
def doctor(session: Session, deploy: bool, as_json: bool) -> None:
    """Check that all parts of the project are valid and consistent; exit with 3 if not.

    Damaged copies are replaced by intact ones, and a lost pointer is written again.
    """
    from .._doctor.project_checks import examine

    with opened(session) as project:
        checks = judge_deployment(session, project) if deploy else examine(project)
    if as_json:
        show_json({"checks": [check.to_json() for check in checks]})
    else:
        click.echo("\n".join(check.summary() for check in checks))
    if not all(check.passed for check in checks):
        raise click.exceptions.Exit(3)


def judge_deployment(session: Session, project: "Project") -> "list[Check]":
    """What `doctor --deploy` checks."""
    from .._doctor.deployment import check_deployment
    from ..monitoring._receivers import name_of

    return check_deployment(project, map(name_of, session.monitoring().receivers))
