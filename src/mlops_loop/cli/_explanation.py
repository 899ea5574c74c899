"""The command explain: Shapley values and feature importances."""

import json
from typing import IO, Any

import click

from ._common import AS_JSON, Session, opened, show_json


@click.command()
@click.argument("row", metavar="[ROW]", type=click.File(encoding="utf-8"), required=False)
@click.option("--id", "prediction_id", metavar="ID", help="Explain a logged prediction.")
@click.option(
    "--class", "class_name", metavar="CLASS", help="Class whose probability is explained."
)
@AS_JSON
@click.pass_obj
def explain(
    session: Session,
    row: IO[str] | None,
    prediction_id: str | None,
    class_name: str | None,
    as_json: bool,
) -> None:
    """Show the champion's feature importances, or the contributions to one prediction.

    ROW is a file with one row as a JSON object, or - for standard input.
    """
    from .._explanation.run import champion_explainer, explain_logged

    if row is not None and prediction_id is not None:
        raise click.UsageError("give a row or the id of a prediction, not both")
    if row is None and prediction_id is None and class_name is not None:
        raise click.UsageError("--class needs a row or the id of a prediction")
    with opened(session) as project:
        if prediction_id is not None:
            explanation: Any = explain_logged(project, prediction_id, class_name)
        elif row is not None:
            explanation = champion_explainer(project).explain(_read(row), class_name)
        else:
            explanation = champion_explainer(project).importances()
        if as_json:
            show_json(explanation.to_json())
        else:
            click.echo(explanation.table())


def _read(file: IO[str]) -> dict[str, object]:
    from ..errors import InputError

    try:
        row = json.load(file)
    except ValueError as error:
        raise InputError(
            f"{file.name} is not valid JSON ({error}): expected one row as an object"
        ) from error
    if not isinstance(row, dict):
        raise InputError(f"{file.name} is not a JSON object: expected one row")
    return row
