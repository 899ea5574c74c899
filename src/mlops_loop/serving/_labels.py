"""Bodies of `POST /labels`: labels by prediction id."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ..contract._check import check_rows
from ..contract._columns import to_rows
from ..contract._decoder import InvalidRequestBody, parse_rows
from ..contract._model import Contract
from ..contract._violations import Violation
from ..prediction_log._records import Label

ID_LENGTH = 200
_FIELDS = {"prediction_id", "label"}


def decode_labels(
    body: bytes,
    contract: Contract,
    moment: datetime,
    max_rows: int | None = None,
    authority: str = "",
    *,
    official: bool = False,
) -> list[Label]:
    """Labels of a body: one object, or a list of them.

    Args:
        body: JSON.
        contract: its target says what a label may be.
        moment: time at which the labels became known.
        max_rows: limit of rows per body.
        authority: who gives the labels.
        official: whether they replace those that are not official.

    Raises:
        TooManyRows: if there are more than `max_rows`, whatever is in them.
        InvalidRequestBody: naming the violations, or that the body is not JSON.
    """
    listed, _ = parse_rows(body, max_rows)
    target = contract.target
    violations = [each for row, item in enumerate(listed) for each in _shape(row, item)]
    given = [row for row, item in enumerate(listed) if isinstance(item, dict) and "label" in item]
    checked = check_rows(
        contract,
        [{target.name: listed[row]["label"]} for row in given],
        (target.model_copy(update={"nullable": False}),),
    )
    violations += [
        replace(violation, row=given[violation.row], column="label")
        for violation in checked.rejections
    ]
    read = checked.columns[target.name].tolist()
    violations += _unknown_classes(contract, listed, dict(zip(given, read, strict=True)))
    if violations:
        unique = {(each.row, each.column): each for each in reversed(violations)}
        ordered = [unique[key] for key in sorted(unique)]
        raise InvalidRequestBody("labels violate the contract", ordered)
    values = [row[target.name] for row in to_rows((target,), checked.columns)]
    return [
        Label(item["prediction_id"], value, moment, authority, official)
        for item, value in zip(listed, values, strict=True)
    ]


def _shape(row: int, item: object) -> list[Violation]:
    if not isinstance(item, dict):
        reason = "should be an object with prediction_id and label"
        return [Violation(row, "", item, reason, "reject")]
    violations = [
        Violation(row, name, item[name], "is not a field of a label", "reject")
        for name in item
        if name not in _FIELDS
    ]
    if "label" not in item:
        violations.append(Violation(row, "label", None, "is missing", "reject"))
    identifier = item.get("prediction_id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= ID_LENGTH:
        reason = f"should be a text of 1 to {ID_LENGTH} characters"
        violations.append(Violation(row, "prediction_id", identifier, reason, "reject"))
    return violations


def _unknown_classes(
    contract: Contract, listed: Sequence[dict[str, object]], read: Mapping[int, object]
) -> list[Violation]:
    """Labels outside the model's classes, also where the contract only warns of a category."""
    if contract.problem == "regression" or contract.target.type == "boolean":
        return []
    return [
        Violation(row, "label", listed[row]["label"], "is not one of the classes", "reject")
        for row, value in read.items()
        if value not in contract.classes
    ]
