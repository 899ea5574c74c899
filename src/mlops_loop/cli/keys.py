"""Commands about the keys that open the service."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import AS_JSON, show_json

if TYPE_CHECKING:
    from ..serving.key_file import KeyFile


@click.group()
def key() -> None:
    """Make and revoke API keys; a service that runs takes notice."""


@key.command()
@click.argument("name")
@click.pass_obj
def create(root: Path, name: str) -> None:
    """Make a key for the caller NAME and print it, this once: only its hash is kept."""
    made = _key_file(root).create(name, datetime.now(UTC))
    click.echo(made)
    click.echo(f"{name} sends this as X-API-Key; it is not shown again", err=True)


@key.command()
@click.argument("name")
@click.pass_obj
def revoke(root: Path, name: str) -> None:
    """Refuse the key of the caller NAME from now on."""
    _key_file(root).revoke(name)
    click.echo(f"{name} has no key any more")


@key.command(name="list")
@AS_JSON
@click.pass_obj
def listed(root: Path, as_json: bool) -> None:
    """Say who has a key, and since when."""
    keys = _key_file(root).keys()
    if as_json:
        show_json({name: {"created": known.created} for name, known in keys.items()})
        return
    for name, known in sorted(keys.items()):
        click.echo(f"{name:<20} since {known.created:%Y-%m-%d %H:%M} UTC")


def _key_file(root: Path) -> "KeyFile":
    from ..serving.key_file import KeyFile
    from ..settings import load_settings

    settings = load_settings(root)
    return KeyFile(settings.path(settings.serving.key_file))
