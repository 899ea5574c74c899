"""The commands key create, revoke and list."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ._common import AS_JSON, Session, show_json

if TYPE_CHECKING:
    from ..serving._key_file import KeyFile


@click.group()
def key() -> None:
    """Create and revoke API keys; a running service applies changes at once."""


@key.command()
@click.argument("name")
@click.pass_obj
def create(session: Session, name: str) -> None:
    """Create a key for the client NAME and print it; only its hash is stored."""
    secret = _key_file(session).create(name, datetime.now(UTC))
    click.echo(secret)
    click.echo("send it as X-API-Key; it is not shown again", err=True)


@key.command()
@click.argument("name")
@click.pass_obj
def revoke(session: Session, name: str) -> None:
    """Revoke the key of the client NAME."""
    _key_file(session).revoke(name)
    click.echo(f"revoked the key of {name}")


@key.command(name="list")
@AS_JSON
@click.pass_obj
def listed(session: Session, as_json: bool) -> None:
    """List the clients with a key."""
    keys = _key_file(session).keys()
    if as_json:
        show_json({name: {"created": known.created} for name, known in keys.items()})
        return
    for name, known in sorted(keys.items()):
        click.echo(f"{name:<20} since {known.created:%Y-%m-%d %H:%M} UTC")


def _key_file(session: Session) -> "KeyFile":
    from ..serving._key_file import KeyFile

    settings = session.project().settings
    return KeyFile(settings.path(settings.serving.key_file))
