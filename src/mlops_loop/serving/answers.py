"""What the service answers, as it goes over the wire."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from ..contract.check import Violation
from ..prediction_log.records import Output, Scalar


class Answer(msgspec.Struct, omit_defaults=True):
    """The answer for one row."""

    prediction_id: str
    prediction: Scalar
    model_version: str
    variant: str
    probabilities: dict[str, float] | None = None
    warnings: list[dict[str, object]] | None = None


def answers(
    ids: Sequence[str],
    outputs: Sequence[tuple[Output, ...]],
    names: Sequence[str],
    warnings: Sequence[Violation],
) -> list[Answer]:
    """Answers in the order of the rows.

    Args:
        ids: prediction ids.
        outputs: of each row, the served one first.
        names: the classes as JSON keys, empty for regression.
        warnings: of all rows.
    """
    noted: dict[int, list[dict[str, object]]] = defaultdict(list)
    for found in warnings:
        noted[found.row].append(
            {"column": found.column, "value": found.value, "reason": found.reason}
        )
    return [
        Answer(
            prediction_id,
            served[0].prediction,
            served[0].version,
            served[0].variant,
            dict(zip(names, served[0].probabilities or ())) or None,
            noted.get(row),
        )
        for row, (prediction_id, served) in enumerate(zip(ids, outputs, strict=True))
    ]


def encode(listed: Sequence[Answer], *, many: bool) -> bytes:
    """A list of answers, or the only one, as JSON."""
    return msgspec.json.encode(listed if many else listed[0])


def variant_of(listed: Sequence[Answer]) -> str:
    """The variant that served all rows, or `mixed`."""
    found = {answer.variant for answer in listed}
    return found.pop() if len(found) == 1 else "mixed"
