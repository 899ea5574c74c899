"""Event times that are further in the future than the contract allows."""

from collections.abc import Sequence
from datetime import datetime

from .._duration import format_duration
from ._model import Contract
from ._violations import Violation


def lead_time_violations(
    contract: Contract, event_times: Sequence[datetime], arrival: datetime
) -> list[Violation]:
    """The rows whose event time exceeds the `lead_time` of the time column, in their order."""
    # One comparison of the latest row before this list: it is made for every request.
    if contract.time is None or max(event_times) - arrival <= contract.lead_time.maximum:
        return []
    latest = contract.latest_event_time(arrival)
    name, lead_time = contract.time.name, contract.lead_time
    limit = format_duration(lead_time.maximum)
    reason = f"is in the future (limit {limit}, lead_time of the column in the contract)"
    return [
        Violation(row, name, time.isoformat(), reason, lead_time.on_violation)
        for row, time in enumerate(event_times)
        if time > latest
    ]
