"""Commands that list versions and change their roles."""

import click
from click.core import ParameterSource

from ._common import AS_JSON, REASON, Session, actor, opened, show_json


@click.command("models")
@AS_JSON
@click.pass_obj
def listed(session: Session, as_json: bool) -> None:
    """List the registered versions with role, age and metrics."""
    from ..registry._listing import Listing

    with opened(session) as project:
        listing = Listing(
            project.registry.versions(),
            project.bundles.pointer(),
            project.features.digest,
            project.contract.target_digest,
        )
        if as_json:
            show_json({"versions": listing.to_json()})
        elif listing.versions:
            click.echo(listing.text(project.clock.now()))
        else:
            click.echo("no versions yet: run `train`")


@click.command()
@click.argument("identifier", metavar="ID")
@AS_JSON
@click.pass_obj
def lineage(session: Session, identifier: str, as_json: bool) -> None:
    """Trace a version, a snapshot or a prediction in both directions."""
    from .._lineage import trace

    with opened(session) as project:
        result = trace(project, identifier)
        if as_json:
            show_json(result.to_json())
        else:
            click.echo("\n".join(result.messages()))


@click.command()
@click.argument("version")
@REASON
@click.pass_obj
def challenge(session: Session, version: str, reason: str) -> None:
    """Start a trial of VERSION against the champion."""
    with opened(session) as project:
        settings = project.settings.challenge
        entry = project.transitions.challenge(
            version, actor=actor(), reason=reason, mode=settings.mode, share=settings.share
        )
        click.echo(entry.summary())


@click.command()
@REASON
@click.pass_obj
def confirm(session: Session, reason: str) -> None:
    """End the champion's probation: the previous champion leaves the service."""
    with opened(session) as project:
        click.echo(project.transitions.confirm(actor=actor(), reason=reason).summary())


@click.command()
@click.argument("version")
@click.option("--force", is_flag=True, help="Override the gate; needs --reason.")
@REASON
@click.pass_context
def promote(context: click.Context, version: str, force: bool, reason: str) -> None:
    """Make VERSION the champion."""
    from .._gate_override import force_promote

    given = context.get_parameter_source("reason") is not ParameterSource.DEFAULT
    if force and not (given and reason.strip()):
        raise click.UsageError("--force needs a --reason, which is recorded")
    with opened(context.obj) as project:
        if force:
            entry = force_promote(project, version, actor=actor(), reason=reason)
        else:
            entry = project.transitions.promote(version, actor=actor(), reason=reason)
        click.echo(entry.summary())


@click.command()
@click.argument("version")
@REASON
@click.pass_obj
def reject(session: Session, version: str, reason: str) -> None:
    """End the trial of the challenger VERSION."""
    with opened(session) as project:
        click.echo(project.transitions.reject(version, actor=actor(), reason=reason).summary())


@click.command()
@REASON
@click.pass_obj
def rollback(session: Session, reason: str) -> None:
    """Make the previous champion champion again."""
    with opened(session) as project:
        click.echo(project.transitions.rollback(actor=actor(), reason=reason).summary())
