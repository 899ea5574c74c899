"""The command that makes a table the project's own."""

import sys
from typing import Any

import click

from .common import Session, Span


@click.command()
@click.argument("address", metavar="FILE")
@click.option("--target", required=True, metavar="COLUMN", help="What is to be predicted.")
@click.option("--time", metavar="COLUMN", help="When a row's event happened.")
@click.option("--id", metavar="COLUMN", help="What names a row.")
@click.option("--group", metavar="COLUMN", help="Rows of one group are never split.")
@click.option("--problem", type=click.Choice(["binary", "multiclass", "regression"]))
@click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave it out; may be repeated.")
@click.option("--label-horizon", type=Span(), help="How long outcomes may take, as 7d.")
@click.option("--query", help="What to ask a database, whose SQLAlchemy URL stands for FILE.")
@click.option("--encoding", help="How a text file is written; found out by default.")
@click.option(
    "--keep", is_flag=True, help="Keep what var/ and the log hold, if target and inputs stay."
)
@click.option("--yes", is_flag=True, help="Overwrite an earlier adoption without asking.")
@click.pass_obj
def adopt(session: Session, /, address: str, keep: bool, yes: bool, **said: Any) -> None:
    """Make FILE the project's data: a CSV or Parquet file, a folder, a glob, a database.

    Writes config/contract.yaml, and the source and what depends on it in config/project.yaml; what
    they replace is kept in var/backups. Declared features whose columns the table does not have
    are disabled in config/project.yaml. What var/ and the prediction log hold is archived.
    """
    from ..clock import SystemClock
    from ..history_archive import archive_history, has_history, require_outside_var
    from ..profiling.console import show
    from ..profiling.options import InferenceOptions
    from ..profiling.proposal import propose
    from ..profiling.schema_change import require_same_schema
    from ..profiling.writer import current_files, differences, files_of, install

    project = session.project()
    settings = project.settings
    now = current_files(settings.root)
    known = {} if now.is_sample or now.contract is None else now.contract.by_name
    proposal = propose(InferenceOptions(address, **said), settings.root, settings, known)
    show(proposal)
    files = files_of(proposal, now, project.declared_features)
    if not now.is_sample and not _confirmed(differences(proposal, files, now), yes=yes):
        click.echo("nothing was changed")
        return
    if keep and has_history(settings):
        require_same_schema(now.contract, proposal.contract)
    if not keep:
        require_outside_var(settings, address)
        for message in archive_history(settings):
            click.echo(message)
    backup = install(files, settings.root, SystemClock().now())
    click.echo(f"written: {', '.join(map(str, files.written))}; what was there is in {backup}")
    click.echo("next: look at config/contract.yaml, then run `ingest` and `train`")


def _confirmed(changes: list[str], *, yes: bool) -> bool:
    """Show what a second adoption changes, and ask.

    Raises:
        InputError: if there is nobody to ask.
    """
    from ..errors import InputError

    if not changes:
        return False
    click.echo("\nThis would change:")
    for line in changes:
        click.echo(f"  {line}")
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError("the project has data of its own already: say --yes to overwrite it")
    return click.confirm("Overwrite?")
