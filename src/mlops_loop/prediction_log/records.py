"""What the prediction log holds: predictions, what became of them, and how many there are."""

from datetime import datetime

from msgspec import Struct

Scalar = bool | int | float | str | None


class Output(Struct, frozen=True, omit_defaults=True):
    """What one model version said about a row.

    `served` is true for the output that the caller was given, false for one in shadow.
    `probabilities` follow the contract's class order; None for regression. `seconds` is what the
    model took for the request's rows; it is taken only while a challenger serves as well.
    """

    version: str
    variant: str
    served: bool
    prediction: Scalar
    probabilities: list[float] | None = None
    seconds: float | None = None


class Record(Struct, frozen=True):
    """One row that was asked about: its raw contract columns and every output for it.

    Both times carry a zone. `event_time` is the contract's time column, else the arrival.
    `schema_digest` is that of the contract behind it (see `Contract.schema_digest`).
    """

    prediction_id: str
    entity_key: str | None
    event_time: datetime
    arrival_time: datetime
    columns: dict[str, Scalar]
    outputs: tuple[Output, ...]
    schema_digest: str = ""


class Label(Struct, frozen=True):
    """The outcome of a prediction, and when it became known."""

    prediction_id: str
    label: Scalar
    time: datetime


class LabelReport(Struct, frozen=True):
    """What became of a batch of labels.

    `joined` met their prediction, `early` wait for it, `repeated` said the same once more.
    `conflicting` holds the prediction ids that had another label already: the first one stays.
    """

    joined: int = 0
    early: int = 0
    repeated: int = 0
    conflicting: tuple[str, ...] = ()

    def __add__(self, other: "LabelReport") -> "LabelReport":
        return LabelReport(
            self.joined + other.joined,
            self.early + other.early,
            self.repeated + other.repeated,
            self.conflicting + other.conflicting,
        )


class LoggedRow(Struct, frozen=True):
    """A record as it was appended, and its label if there is one by now."""

    record: Record
    label: Label | None


class Counts(Struct, frozen=True):
    """How many predictions, and how many of these have a label (early labels do not count)."""

    predictions: int
    labels: int
