"""Commands for dependencies and the vendored library."""

from pathlib import Path

import click

from ._common import Session


@click.command()
@click.argument("package")
@click.option(
    "--group", help="Dependency group.  [default: main, or train for a modelling library]"
)
@click.pass_obj
def add(session: Session, package: str, group: str | None) -> None:
    """Add PACKAGE: an extra of the library, e.g. lightgbm, or a package from the index."""
    from .._packaging import Environment, add

    click.echo(add(Environment(session.project().root), package, group))


@click.command()
@click.option("--all-groups", is_flag=True, help="All groups, not only those of serving.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="[default: requirements.txt of the project]"
)
@click.pass_obj
def requirements(session: Session, all_groups: bool, output: Path | None) -> None:
    """Write the locked dependencies for pip, with hashes, the library by path."""
    from .._packaging import Environment, write_requirements

    root = session.project().root
    path = (output or root / "requirements.txt").resolve()
    write_requirements(Environment(root), path, everything=all_groups)
    click.echo(f"written: {path}; install it in {root}")


@click.group()
def library() -> None:
    """Upgrade the library, or patch it in this project."""


@library.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def upgrade(session: Session, source: Path) -> None:
    """Upgrade to the wheel SOURCE (or a folder with one); undone if the tests fail."""
    from .._packaging import Environment, upgrade

    click.echo(upgrade(Environment(session.project().root), source.resolve()))


@library.command()
@click.pass_obj
def eject(session: Session) -> None:
    """Unpack the library's source to library/ and install it editable."""
    from .._packaging import Environment, eject

    folder = eject(Environment(session.project().root))
    click.echo(f"the project runs {folder} now; `library build` packs it into a wheel")


@library.command()
@click.pass_obj
def build(session: Session) -> None:
    """Build a wheel +local.N from library/ and install it."""
    from .._packaging import Environment, build

    version = build(Environment(session.project().root))
    click.echo(f"the library is {version}, built from library/")
