"""The command adopt: configures the project for a table of the user."""

import sys
from typing import Any

import click

from ._common import DURATION, ENGINE, Session
from ._dialect import dialect_options

# `adopt` edits neither `dvc.yaml` nor what git tracks.
_DATA_FOR_DVC = (
    "DVC sees new rows of a file that `dvc add` tracks and dvc.yaml lists under `deps` of "
    "`ingest`; for other sources give that stage `always_changed: true`"
)

# A version serves with the features code that it was trained with.
_WHEN = "before `train`, or train again afterwards"


@click.command()
@click.argument("address", metavar="FILE")
@click.option("--target", required=True, metavar="COLUMN", help="Column to predict.")
@click.option("--time", metavar="COLUMN", help="Column with the event time.")
@click.option("--id", metavar="COLUMN", help="Column that identifies a row.")
@click.option(
    "--group", metavar="COLUMN", help="Column with the group; splits keep groups together."
)
@click.option("--problem", type=click.Choice(["binary", "multiclass", "regression"]))
@click.option(
    "--ignore", multiple=True, metavar="COLUMN", help="Column to leave out; may be repeated."
)
@click.option(
    "--missing",
    multiple=True,
    metavar="[COLUMN=]TEXT",
    help="Text that means a missing value, in one column or in all; may be repeated.",
)
@click.option(
    "--label-horizon", type=DURATION, help="How long after a row its label is known, e.g. 7d."
)
@click.option("--query", help="SQL query, if FILE is the SQLAlchemy URL of a database.")
@dialect_options
@ENGINE
@click.option(
    "--keep", is_flag=True, help="Keep var/ and the log; needs the same target and inputs."
)
@click.option("--yes", is_flag=True, help="Overwrite an earlier adoption without confirmation.")
@click.pass_obj
def adopt(
    session: Session, /, address: str, engine: str | None, keep: bool, yes: bool, **options: Any
) -> None:
    """Configure the project for your data: a file, folder, glob or URL of tables, or a database.

    Writes config/contract.yaml, and the source and dependent settings in config/project.yaml;
    replaced files are backed up in var/backups. Declared features whose columns the table does not
    have are disabled in config/project.yaml. Contents of var/ and the prediction log are archived.
    """
    from .._clock import SystemClock
    from .._history_archive import (
        archive_history,
        has_history,
        require_outside_var,
        retire_champion,
    )
    from .._profiling.console import show, show_highlights
    from .._profiling.options import InferenceOptions
    from .._profiling.proposal import propose
    from .._profiling.schema_change import require_same_schema
    from .._profiling.writer import (
        current_files,
        differences,
        features_without_columns,
        files_of,
        install,
        require_valid,
    )

    project = session.project()
    settings = project.settings if engine is None else project.with_engine(engine).settings
    now = current_files(settings.root)
    known = {} if now.is_sample or now.contract is None else now.contract.by_name
    proposal = propose(InferenceOptions(address, **options), settings.root, settings, known)
    show(proposal)
    files = files_of(proposal, now, project.declared_features)
    if not now.is_sample and not _confirmed(differences(proposal, files, now), yes=yes):
        click.echo("nothing was changed")
        show_highlights(proposal)
        return
    require_valid(files, project)
    if keep and has_history(settings):
        require_same_schema(now.contract, proposal.contract)
    if not keep:
        require_outside_var(settings, address)
        for message in archive_history(settings):
            click.echo(message)
    backup = install(files, settings.root, SystemClock().now())
    for message in [] if keep else retire_champion(project.copy()):
        click.echo(message)
    click.echo(f"written: {', '.join(map(str, files))}; backup: {backup}")
    click.echo("next: review config/contract.yaml, then run `ingest` and `train`")
    if (settings.root / "dvc.yaml").is_file():
        click.echo(_DATA_FOR_DVC)
    if now.is_sample:
        disabled = features_without_columns(proposal.contract, project.declared_features)
        click.echo(_what_is_left_of_the_sample(disabled))
    show_highlights(proposal)


def _what_is_left_of_the_sample(disabled: list[str]) -> str:
    """What the owner may delete: `adopt` edits no code."""
    lines = [
        "not needed any more, to be deleted (see `docs tutorial`, step 2):",
        "- the tests about flights in tests/test_model.py",
        "- the group `sample` in pyproject.toml; then run `make lock install`",
    ]
    if disabled:
        functions = f"{', '.join(disabled)} in features.py, with their tests"
        lines.insert(1, f"- {functions}, and `features.disabled` in config/project.yaml: {_WHEN}")
    return "\n".join(lines)


def _confirmed(changes: list[str], *, yes: bool) -> bool:
    """Show what a second adoption changes, and ask for confirmation.

    Raises:
        InputError: without a terminal.
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
        raise InputError("the project was adopted already: overwrite it with --yes")
    return click.confirm("Overwrite?")
