"""What the prediction log holds: predictions, their labels, and counts of both."""

from datetime import datetime

from msgspec import Struct

Scalar = bool | int | float | str | None


class Output(Struct, frozen=True, omit_defaults=True):
    """What one model version predicted for a row.

    `served` is true for the output in the response, false for one in shadow. `probabilities` are in
    the contract's class order; None for regression. `seconds` is the model's time for the
    request's rows; it is measured only while a challenger serves as well.
    """

    version: str
    variant: str
    served: bool
    prediction: Scalar
    probabilities: list[float] | None = None
    seconds: float | None = None


class Record(Struct, frozen=True):
    """One row of a request: its raw contract columns and every output for it.

    Both times have a zone. `event_time` is the contract's time column, else the arrival.
    `schema_digest` and `target_digest` are those of the contract behind the row (see `Contract`);
    empty if unknown. `caller` names who asked, e.g. `key shop` (an API key); empty if unknown.
    """

    prediction_id: str
    entity_key: str | None
    event_time: datetime
    arrival_time: datetime
    columns: dict[str, Scalar]
    outputs: tuple[Output, ...]
    schema_digest: str = ""
    target_digest: str = ""
    caller: str = ""


class Label(Struct, frozen=True):
    """The true value of what was predicted, and when it became known.

    `authority` names who gave it, e.g. `key billing` (an API key) or `user ada` (the command
    `label`); empty if unknown. An `official` label replaces one that is not, which then stands in
    `replaced`.
    """

    prediction_id: str
    label: Scalar
    time: datetime
    authority: str = ""
    official: bool = False
    replaced: "Label | None" = None


class LabelReport(Struct, frozen=True):
    """How many labels of a batch were joined to a prediction.

    `early` ones wait for their prediction, `repeated` ones are equal to the known label.
    `conflicting` holds the prediction ids that had another label already: the first one stays.
    `other_target` holds those whose prediction is about another target: their labels are left out.
    `replaced` holds those whose unofficial label an official one of another value replaced.
    `dropped` holds those without a prediction whose labels are left out, since too many wait.
    """

    joined: int = 0
    early: int = 0
    repeated: int = 0
    conflicting: tuple[str, ...] = ()
    other_target: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def __add__(self, other: "LabelReport") -> "LabelReport":
        return LabelReport(
            self.joined + other.joined,
            self.early + other.early,
            self.repeated + other.repeated,
            self.conflicting + other.conflicting,
            self.other_target + other.other_target,
            self.replaced + other.replaced,
            self.dropped + other.dropped,
        )


class LoggedRow(Struct, frozen=True):
    """A record as it was appended, and its label if there is one by now."""

    record: Record
    label: Label | None


class Counts(Struct, frozen=True):
    """How many predictions, and how many of these have a label (early labels do not count)."""

    predictions: int
    labels: int
