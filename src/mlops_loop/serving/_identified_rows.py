"""Validated rows with prediction ids, entity keys and times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..contract._columns import JsonValue
from ..contract._decoder import Decoded
from ..contract._model import Contract
from ..prediction_log._records import Output, Record
from ._identifiers import new_ids


@dataclass(frozen=True, slots=True)
class IdentifiedRows:
    """Rows of one or several requests that have arrived together.

    Attributes:
        prediction_ids: new ids, one per row.
        entity_keys: for each row the key of its request, else the value of the contract's
            id column.
        event_times: values of the contract's time column, else the arrival time.
        arrival: arrival time of the rows.
    """

    prediction_ids: list[str]
    entity_keys: list[str | None]
    event_times: list[datetime]
    arrival: datetime

    @classmethod
    def of(
        cls,
        contract: Contract,
        decoded: Decoded,
        entity_keys: Sequence[str | None],
        arrival: datetime,
    ) -> "IdentifiedRows":
        """Identify decoded rows; `entity_keys` are those of their requests."""
        return cls(
            new_ids(arrival, len(decoded.rows)),
            _entity_keys(contract, decoded, entity_keys),
            _event_times(contract, decoded, arrival),
            arrival,
        )

    @property
    def split_keys(self) -> list[str]:
        """Keys that select the variant of a row: its entity key, else its prediction id."""
        return [
            entity or own for entity, own in zip(self.entity_keys, self.prediction_ids, strict=True)
        ]

    def records(
        self,
        rows: Sequence[dict[str, JsonValue]],
        outputs: Sequence[tuple[Output, ...]],
        contract: Contract,
        callers: Sequence[str],
    ) -> list[Record]:
        """Records of the rows and their predictions for the prediction log."""
        digests = contract.schema_digest, contract.target_digest
        parts = zip(
            self.prediction_ids,
            self.entity_keys,
            self.event_times,
            rows,
            outputs,
            callers,
            strict=True,
        )
        return [
            Record(own, entity, time, self.arrival, row, output, *digests, caller)
            for own, entity, time, row, output, caller in parts
        ]


def _entity_keys(
    contract: Contract, decoded: Decoded, given: Sequence[str | None]
) -> list[str | None]:
    if contract.id is None:
        return list(given)
    name = contract.id.name
    own = [row[name] for row in decoded.rows]
    return [
        (None if value is None else str(value)) if key is None else key
        for key, value in zip(given, own, strict=True)
    ]


def _event_times(contract: Contract, decoded: Decoded, now: datetime) -> list[datetime]:
    if contract.time is None:
        return [now] * len(decoded.rows)
    texts = [row[contract.time.name] for row in decoded.rows]
    return [now if text is None else datetime.fromisoformat(str(text)) for text in texts]
