"""Bodies of `POST /labels`: outcomes, joined to their predictions by id."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ..contract.check import Violation, check_rows
from ..contract.columns import to_rows
from ..contract.decoder import InvalidRequestBody, parse_rows
from ..contract.model import Contract
from ..prediction_log.records import Label

ID_LENGTH = 200
_FIELDS = {"prediction_id", "label"}


def decode_labels(
    body: bytes, contract: Contract, moment: datetime, max_rows: int | None = None
) -> list[Label]:
    """Labels of a body: one object, or a list of them.

    Args:
        body: JSON.
        contract: its target says what a label may be.
        moment: when the labels became known.
        max_rows: of one body.

    Raises:
        TooManyRows: if there are more than `max_rows`, whatever is in them.
        InvalidRequestBody: naming the violations, or that the body is not JSON.
    """
    listed, _ = parse_rows(body, max_rows)
    target = contract.target
    found = [violation for row, item in enumerate(listed) for violation in _shape(row, item)]
    given = [row for row, item in enumerate(listed) if isinstance(item, dict) and "label" in item]
    checked = check_rows(
        contract,
        [{target.name: listed[row]["label"]} for row in given],
        (target.model_copy(update={"nullable": False}),),
    )
    found += [
        replace(violation, row=given[violation.row], column="label")
        for violation in checked.rejections
    ]
    found += _unknown_classes(contract, listed, given)
    if found:
        unique = {(violation.row, violation.column): violation for violation in reversed(found)}
        raise InvalidRequestBody(
            "labels break the contract", [unique[key] for key in sorted(unique)]
        )
    values = [row[target.name] for row in to_rows((target,), checked.columns)]
    return [
        Label(item["prediction_id"], value, moment)
        for item, value in zip(listed, values, strict=True)
    ]


def _shape(row: int, item: object) -> list[Violation]:
    if not isinstance(item, dict):
        reason = "should be an object with prediction_id and label"
        return [Violation(row, "", item, reason, "reject")]
    found = [
        Violation(row, name, item[name], "is not a field of a label", "reject")
        for name in item
        if name not in _FIELDS
    ]
    if "label" not in item:
        found.append(Violation(row, "label", None, "is missing", "reject"))
    identifier = item.get("prediction_id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= ID_LENGTH:
        reason = f"should be a text of 1 to {ID_LENGTH} characters"
        found.append(Violation(row, "prediction_id", identifier, reason, "reject"))
    return found


def _unknown_classes(
    contract: Contract, listed: Sequence[dict[str, object]], rows: Sequence[int]
) -> list[Violation]:
    """Labels that are no class: no model could have said so, whatever the contract warns of."""
    if contract.problem == "regression" or contract.target.type == "boolean":
        return []
    return [
        Violation(row, "label", listed[row]["label"], "is not one of the classes", "reject")
        for row in rows
        if listed[row]["label"] not in contract.classes
    ]
