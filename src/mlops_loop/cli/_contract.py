"""The commands contract show, schema, example, check and diff."""

from pathlib import Path

import click

from ._common import AS_JSON, EXISTING, Session, opened, show_json
from ._dialect import Dialect, dialect_options, overruled
from ._progress import display


@click.group()
def contract() -> None:
    """Show the data contract, check files against it, compare versions of it."""


@contract.command()
@click.pass_obj
def show(session: Session) -> None:
    """Print the data dictionary, in Markdown."""
    from ..contract._dictionary import dictionary

    with opened(session) as project:
        click.echo(dictionary(project.contract))


@contract.command()
@click.pass_obj
def schema(session: Session) -> None:
    """Print the JSON Schema of one row of a request."""
    from ..contract._json_schema import row_schema

    with opened(session) as project:
        dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        show_json(dialect | row_schema(project.contract))


@contract.command()
@click.pass_obj
def example(session: Session) -> None:
    """Print a row of a request as JSON, with all inputs; the service need not run."""
    from ..contract._json_schema import example_row

    with opened(session) as project:
        show_json(example_row(project.contract))


@contract.command()
@click.argument("source", metavar="FILE")
@AS_JSON
@dialect_options
@click.pass_obj
def check(session: Session, source: str, as_json: bool, dialect: Dialect) -> None:
    """List the rows of FILE that violate the contract; exit with 3 if some are rejected."""
    from ..data._validation_report import validate_file

    with opened(session) as project:
        with display("rows") as shown:
            csv = overruled(project.settings.csv, dialect)
            report = validate_file(source, project.contract, csv=csv, progress=shown.on_progress)
        if as_json:
            show_json(report.to_json())
        else:
            click.echo("\n".join(report.messages()))
        if report.rejected:
            raise click.exceptions.Exit(3)


@contract.command()
@click.argument("old", type=EXISTING, required=False)
@click.argument("new", type=EXISTING, required=False)
@click.option(
    "--fail-on", type=click.Choice(["breaking"]), help="Exit with 3 if such a change is found."
)
@AS_JSON
@click.pass_obj
def diff(
    session: Session, old: Path | None, new: Path | None, fail_on: str | None, as_json: bool
) -> None:
    """List the changes from OLD (default: the champion's) to NEW (default: the project's)."""
    from .._champion import champion_contract
    from ..contract._compatibility import differences
    from ..contract._contract_file import load_contract

    with opened(session) as project:
        before = load_contract(old) if old else champion_contract(project)
        changes = differences(before, load_contract(new) if new else project.contract)
        if as_json:
            show_json({"changes": [change.to_json() for change in changes]})
        else:
            click.echo("\n".join(change.summary() for change in changes) or "no changes")
        if fail_on and any(change.is_breaking for change in changes):
            raise click.exceptions.Exit(3)
