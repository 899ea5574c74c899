"""Records and labels as stores hold them: text, whole microseconds, and JSON for the rest."""

from math import isfinite
from typing import NamedTuple

import msgspec

from ..errors import InputError
from ._records import Label, LoggedRow, Output, Record
from ._timestamps import from_microseconds, to_microseconds

_outputs = msgspec.json.Decoder(tuple[Output, ...])


class StoredRecord(NamedTuple):
    """A record; `columns` and `outputs` are JSON."""

    prediction_id: str
    entity_key: str | None
    event_time: int
    arrival_time: int
    columns: str
    outputs: str
    schema_digest: str
    target_digest: str
    caller: str


class StoredLabel(NamedTuple):
    """A label; `value` is JSON, and so is `replaced`: value, time and authority, or nothing."""

    prediction_id: str
    value: str
    time: int
    authority: str
    official: bool = False
    replaced: str = ""

    def with_replaced(self, other: "StoredLabel") -> "StoredLabel":
        """This label, with the one that it replaces."""
        replaced = (msgspec.Raw(other.value.encode()), other.time, other.authority)
        return self._replace(replaced=msgspec.json.encode(replaced).decode())


def to_stored(record: Record) -> StoredRecord:
    """InputError for what JSON cannot hold, or a time without a zone."""
    try:
        record.prediction_id.encode()
        if not all(isfinite(sum(output.probabilities or ())) for output in record.outputs):
            raise ValueError("a probability is not a finite number")
        return StoredRecord(
            record.prediction_id,
            record.entity_key,
            to_microseconds(record.event_time),
            to_microseconds(record.arrival_time),
            msgspec.json.encode(record.columns).decode(),
            msgspec.json.encode(record.outputs).decode(),
            record.schema_digest,
            record.target_digest,
            record.caller,
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"prediction {record.prediction_id!r} cannot be logged: {error}; "
            "columns and outputs hold numbers, text, booleans and None only"
        ) from error


def label_to_stored(label: Label) -> StoredLabel:
    """InputError for what JSON cannot hold, or a time without a zone."""
    try:
        label.prediction_id.encode()
        value = msgspec.json.encode(label.label).decode()
    except (TypeError, ValueError) as error:
        raise InputError(f"label of {label.prediction_id!r} cannot be logged: {error}") from error
    time = to_microseconds(label.time)
    return StoredLabel(label.prediction_id, value, time, label.authority, label.official)


def from_stored(stored: StoredRecord, label: StoredLabel | None) -> LoggedRow:
    """A row as it was appended, and its label if it has one."""
    record = Record(
        prediction_id=stored.prediction_id,
        entity_key=stored.entity_key,
        event_time=from_microseconds(stored.event_time),
        arrival_time=from_microseconds(stored.arrival_time),
        columns=msgspec.json.decode(stored.columns),
        outputs=_outputs.decode(stored.outputs),
        schema_digest=stored.schema_digest,
        target_digest=stored.target_digest,
        caller=stored.caller,
    )
    if label is None:
        return LoggedRow(record, None)
    replaced = None
    if label.replaced:
        value, time, authority = msgspec.json.decode(label.replaced)
        replaced = Label(label.prediction_id, value, from_microseconds(time), authority)
    return LoggedRow(
        record,
        Label(
            label.prediction_id,
            msgspec.json.decode(label.value),
            from_microseconds(label.time),
            label.authority,
            label.official,
            replaced,
        ),
    )


def is_foreign(target_digest: str, own: str | None) -> bool:
    """Whether a prediction is about another target; False if either target is unknown."""
    return bool(own and target_digest) and target_digest != own


def same_value(one: str, other: str) -> bool:
    """Whether two labels are equal, e.g. 1 and 1.0."""
    return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
