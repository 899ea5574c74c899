"""Commands about the keys that open the service."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from .common import AS_JSON, Session, show_json

if TYPE_CHECKING:
    from ..serving.key_file import KeyFile


@click.group()
def key() -> None:
    """Make and revoke API keys; a service that runs takes notice."""


@key.command()
@click.argument("name")
@click.pass_obj
def create(session: Session, name: str) -> None:
    """Make a key for the caller NAME and print it, this once: only its hash is kept."""
    made = _key_file(session).create(name, datetime.now(UTC))
    click.echo(made)
    click.echo(f"{name} sends this as X-API-Key; it is not shown again", err=True)


@key.command()
@click.argument("name")
@click.pass_obj
def revoke(session: Session, name: str) -> None:
    """Refuse the key of the caller NAME from now on."""
    _key_file(session).revoke(name)
    click.echo(f"{name} has no key any more")


@key.command(name="list")
@AS_JSON
@click.pass_obj
def listed(session: Session, as_json: bool) -> None:
    """Say who has a key, and since when."""
    keys = _key_file(session).keys()
    if as_json:
        show_json({name: {"created": known.created} for name, known in keys.items()})
        return
    for name, known in sorted(keys.items()):
        click.echo(f"{name:<20} since {known.created:%Y-%m-%d %H:%M} UTC")


def _key_file(session: Session) -> "KeyFile":
    from ..serving.key_file import KeyFile

    settings = session.project().settings
    return KeyFile(settings.path(settings.serving.key_file))
