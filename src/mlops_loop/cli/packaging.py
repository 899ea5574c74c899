"""Commands about what the project is made with: its dependencies, and the library itself."""

from pathlib import Path

import click

from .common import Session


@click.command()
@click.argument("package")
@click.option("--group", help="Of pyproject.toml. [default: main; train for a library of models]")
@click.pass_obj
def add(session: Session, package: str, group: str | None) -> None:
    """Add PACKAGE: an extra of the library, e.g. lightgbm, or a package from the index."""
    from ..packaging import Environment, add

    click.echo(add(Environment(session.project().root), package, group))


@click.command()
@click.option("--all-groups", is_flag=True, help="Everything, not only what serving needs.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="[default: requirements.txt of the project]"
)
@click.pass_obj
def requirements(session: Session, all_groups: bool, output: Path | None) -> None:
    """Write what is locked for pip, with a hash for each file and the library by its path."""
    from ..packaging import Environment, write_requirements

    root = session.project().root
    path = (output or root / "requirements.txt").resolve()
    write_requirements(Environment(root), path, everything=all_groups)
    click.echo(f"{path} is written; install it in {root}")


@click.group()
def library() -> None:
    """Upgrade the library, or patch it in this project."""


@library.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def upgrade(session: Session, source: Path) -> None:
    """Take the library from SOURCE, a wheel or a folder with one, if the tests pass with it."""
    from ..packaging import Environment, upgrade

    click.echo(upgrade(Environment(session.project().root), source.resolve()))


@library.command()
@click.pass_obj
def eject(session: Session) -> None:
    """Unpack the library's source into the folder library/, where it can be edited."""
    from ..packaging import Environment, eject

    folder = eject(Environment(session.project().root))
    click.echo(f"{folder} is what the project runs now; `library build` packs it when it is right")


@library.command()
@click.pass_obj
def build(session: Session) -> None:
    """Pack the source in library/ into a wheel of the version +local.N, and install that."""
    from ..packaging import Environment, build

    version = build(Environment(session.project().root))
    click.echo(f"the library is {version}; library/ is packed in it")
