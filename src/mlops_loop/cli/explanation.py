"""The command that says why a model answers as it does."""

import json
from typing import IO, Any

import click

from .common import AS_JSON, Session, opened, show_json


@click.command()
@click.argument("row", metavar="[ROW]", type=click.File(encoding="utf-8"), required=False)
@click.option("--id", "prediction_id", metavar="ID", help="Explain a logged prediction.")
@click.option("--class", "asked", metavar="CLASS", help="Whose probability is explained.")
@AS_JSON
@click.pass_obj
def explain(
    session: Session,
    row: IO[str] | None,
    prediction_id: str | None,
    asked: str | None,
    as_json: bool,
) -> None:
    """Say what the champion looks at, or what each column adds to one prediction.

    ROW is a file with one row as a JSON object, or - for standard input.
    """
    from ..explanation.run import champion_explainer, explain_logged

    if row is not None and prediction_id is not None:
        raise click.UsageError("give a row or the id of a prediction, not both")
    if row is None and prediction_id is None and asked is not None:
        raise click.UsageError("--class goes with a row or the id of a prediction")
    with opened(session) as project:
        if prediction_id is not None:
            found: Any = explain_logged(project, prediction_id, asked)
        elif row is not None:
            found = champion_explainer(project).explain(_read(row), asked)
        else:
            found = champion_explainer(project).importances()
        if as_json:
            show_json(found.to_json())
        else:
            click.echo(found.table())


def _read(file: IO[str]) -> dict[str, object]:
    from ..errors import InputError

    try:
        row = json.load(file)
    except ValueError as error:
        raise InputError(f"{file.name} is no JSON ({error}): give one row as an object") from error
    if not isinstance(row, dict):
        raise InputError(f"{file.name} holds no JSON object: give one row, as `{{…}}`")
    return row
