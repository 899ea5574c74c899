"""The body of a response to `POST /predict`."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from ..contract._violations import Violation
from ..prediction_log._records import Output, Scalar


class PredictionResponse(msgspec.Struct, omit_defaults=True):
    """The prediction for one row, as it is sent."""

    prediction_id: str
    prediction: Scalar
    model_version: str
    variant: str
    probabilities: dict[str, float] | None = None
    warnings: list[dict[str, object]] | None = None


def prediction_responses(
    ids: Sequence[str],
    outputs: Sequence[tuple[Output, ...]],
    names: Sequence[str],
    warnings: Sequence[Violation],
) -> list[PredictionResponse]:
    """Responses in the order of the rows.

    Args:
        ids: prediction ids.
        outputs: outputs of each row, the served one first.
        names: the classes as JSON keys, empty for regression.
        warnings: warnings of all rows.
    """
    by_row: dict[int, list[dict[str, object]]] = defaultdict(list)
    for warning in warnings:
        by_row[warning.row].append(
            {"column": warning.column, "value": warning.value, "reason": warning.reason}
        )
    return [
        PredictionResponse(
            prediction_id,
            served[0].prediction,
            served[0].version,
            served[0].variant,
            dict(zip(names, served[0].probabilities or ())) or None,
            by_row.get(row),
        )
        for row, (prediction_id, served) in enumerate(zip(ids, outputs, strict=True))
    ]


def encode(responses: Sequence[PredictionResponse], *, many: bool) -> bytes:
    """A list of responses, or the only one, as JSON."""
    return msgspec.json.encode(responses if many else responses[0])


def variant_of(responses: Sequence[PredictionResponse]) -> str:
    """The variant that served all rows, or `mixed`."""
    variants = {response.variant for response in responses}
    return variants.pop() if len(variants) == 1 else "mixed"
