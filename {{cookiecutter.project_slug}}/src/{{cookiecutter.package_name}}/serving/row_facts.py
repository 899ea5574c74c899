"""What the log keeps beside a row: whom it is about, and when it happened."""

from datetime import datetime

from ..contract.decoder import Decoded
from ..contract.model import Contract


def entity_keys(contract: Contract, decoded: Decoded, given: str | None) -> list[str | None]:
    """The key that came with the request, else that of the contract's id column."""
    if given is not None or contract.id is None:
        return [given] * len(decoded.rows)
    values = [row[contract.id.name] for row in decoded.rows]
    return [None if value is None else str(value) for value in values]


def event_times(contract: Contract, decoded: Decoded, now: datetime) -> list[datetime]:
    """The contract's time column, else the arrival."""
    if contract.time is None:
        return [now] * len(decoded.rows)
    texts = [row[contract.time.name] for row in decoded.rows]
    return [now if text is None else datetime.fromisoformat(str(text)) for text in texts]
