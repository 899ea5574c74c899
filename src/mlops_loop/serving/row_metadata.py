"""What the prediction log keeps beside a row: its entity key and its event time."""

from collections.abc import Sequence
from datetime import datetime

from ..contract.decoder import Decoded
from ..contract.model import Contract


def entity_keys(
    contract: Contract, decoded: Decoded, given: Sequence[str | None]
) -> list[str | None]:
    """For each row the key that came with its request, else that of the contract's id column."""
    if contract.id is None:
        return list(given)
    name = contract.id.name
    own = [row[name] for row in decoded.rows]
    return [
        (None if value is None else str(value)) if key is None else key
        for key, value in zip(given, own, strict=True)
    ]


def event_times(contract: Contract, decoded: Decoded, now: datetime) -> list[datetime]:
    """The contract's time column, else the arrival."""
    if contract.time is None:
        return [now] * len(decoded.rows)
    texts = [row[contract.time.name] for row in decoded.rows]
    return [now if text is None else datetime.fromisoformat(str(text)) for text in texts]
