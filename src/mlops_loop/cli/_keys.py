"""The commands key create, generate, revoke and list."""

from typing import TYPE_CHECKING

import click

from .._scopes import SCOPES, Scope
from ._common import AS_JSON, Session, actor, opened, show_json

if TYPE_CHECKING:
    from .._project import Project
    from ..serving._key_file import KeyFile


@click.group()
def key() -> None:
    """Create and revoke API keys; a running service applies changes at once."""


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=("predict",),
    show_default=True,
    help="What the key is for; may be given several times. `admin` includes the others.",
)
@click.pass_obj
def create(session: Session, name: str, scopes: tuple[Scope, ...]) -> None:
    """Create a key for the client NAME and print it; only its hash is stored."""
    with opened(session, logs=False) as project:
        secret = _key_file(project).create(name, project.clock.now(), scopes)
        details: dict[str, object] = {"key": name, "scopes": list(scopes)}
        _record(project, "key create", f"key {name} for {', '.join(scopes)}", details)
    click.echo(secret)
    click.echo(
        f"send it as X-API-Key; it is for {', '.join(scopes)}, and is not shown again", err=True
    )


@key.command()
@AS_JSON
def generate(as_json: bool) -> None:
    """Print a key and its digest for `serving.api_keys`; nothing is stored."""
    from ..serving._key_file import generate_key

    secret, digest = generate_key()
    if as_json:
        show_json({"key": secret, "digest": f"sha256:{digest}"})
    else:
        click.echo(f"{secret}\nsha256:{digest}")


@key.command()
@click.argument("name")
@click.pass_obj
def revoke(session: Session, name: str) -> None:
    """Revoke the key of the client NAME."""
    with opened(session, logs=False) as project:
        file = _key_file(project)
        file.revoke(name)
        _record(project, "key revoke", f"key {name}", {"key": name})
        is_last = not file.keys() and not project.settings.serving.api_keys
    click.echo(f"revoked the key of {name}")
    if is_last:
        click.echo("no keys are left: the service rejects every request", err=True)


@key.command(name="list")
@AS_JSON
@click.pass_obj
def listed(session: Session, as_json: bool) -> None:
    """List the clients with a key."""
    keys = _key_file(session.project()).keys()
    if as_json:
        show_json(
            {
                name: {"created": stored.created, "scopes": list(stored.scopes)}
                for name, stored in keys.items()
            }
        )
        return
    for name, stored in sorted(keys.items()):
        scopes = ", ".join(stored.scopes)
        click.echo(f"{name:<20} since {stored.created:%Y-%m-%d %H:%M} UTC, for {scopes}")


def _key_file(project: "Project") -> "KeyFile":
    from ..serving._key_file import KeyFile

    return KeyFile(project.settings.path(project.settings.serving.key_file))


def _record(project: "Project", kind: str, reason: str, details: dict[str, object]) -> None:
    from .._audit_log import AuditEvent

    project.audit_log.append(AuditEvent(project.clock.now(), kind, actor(), reason, details))
