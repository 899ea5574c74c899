"""Event times in the future: what the contract allows, and what a service does with others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_loop.contract import Column, LeadTime
from mlops_loop.contract._compatibility import differences
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.errors import ContractError

from .services import SHOP

NOW = datetime(2013, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FAR = "9999-12-31T23:59:59+00:00"


class Clock:
    def now(self) -> datetime:
        return NOW


def shop_with(lead_time: str) -> str:
    return SHOP.replace("role: time,", f"role: time, lead_time: {lead_time},")


@pytest.fixture
def at_noon(serve_shop: Any, publisher: Any) -> Iterator[Any]:
    """A service whose contract has no `lead_time`: the default of a year applies."""
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(clock=Clock()) as served:
        yield served


@pytest.mark.parametrize("at", [NOW, NOW + DAY, NOW + 366 * DAY, datetime(1, 1, 1, tzinfo=UTC)])
def test_a_row_for_tomorrow_is_predicted(at_noon: Any, at: datetime) -> None:
    answer = at_noon.http.post("/predict", json={**at_noon.row, "at": at.isoformat()})
    assert answer.status_code == 200 and "warnings" not in answer.json()


@pytest.mark.parametrize("at", [(NOW + 366 * DAY + DAY / 24).isoformat(), FAR])
@pytest.mark.parametrize("price", [9.5, 10])
def test_a_row_of_a_far_future_is_rejected(
    at_noon: Any, problem: Any, at: str, price: float
) -> None:
    rows = [at_noon.row, {**at_noon.row, "at": at, "price": price}]
    for body, row in ((rows[1], 0), (rows, 1), (rows * 20, 1)):
        first, *_ = problem(at_noon.http.post("/predict", json=body), 422)["violations"]
        assert (first["row"], first["column"], first["value"]) == (row, "at", at)
        assert "is in the future (limit 366d, lead_time of the column" in first["reason"]
    assert at_noon.log.totals().predictions == 0


def test_a_contract_may_warn(serve_shop: Any, publisher: Any) -> None:
    publisher.contract = parse_contract(shop_with("{maximum: 2d, on_violation: warn}"))
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(clock=Clock()) as served:
        rows = [{**served.row, "at": at} for at in ((NOW + DAY).isoformat(), FAR)]
        near, far = served.http.post("/predict", json=rows).json()
        assert "warnings" not in near
        ((warning),) = far["warnings"]
        assert warning["column"] == "at" and "limit 2d" in warning["reason"]
        assert served.http.post("/predict", json=rows[1]).json()["warnings"] == [warning]
        assert served.log.totals().predictions == 3
        metrics = served.http.get("/metrics").text
        assert 'prediction_warnings_total{column="at"} 2.0' in metrics


def test_a_limit_may_reach_beyond_the_calendar(shop: Contract) -> None:
    contract = parse_contract(shop_with("{maximum: 9999999d}"))
    assert contract.latest_event_time(NOW) == datetime.max.replace(tzinfo=UTC)
    assert shop.latest_event_time(NOW) == NOW + 366 * DAY
    with pytest.raises(ContractError, match="too long: expected 999999999d at most"):
        parse_contract(shop_with("{maximum: 9999999999d}"))


def test_only_the_event_time_has_a_lead_time() -> None:
    with pytest.raises(ValidationError, match="column sent: a lead_time needs role time"):
        Column(name="sent", type="datetime", lead_time=LeadTime())


@pytest.mark.parametrize(
    ("before", "after", "is_breaking"),
    [
        ("{maximum: 2d}", "{maximum: 1d}", True),
        ("{maximum: 2d, on_violation: warn}", "{maximum: 2d}", True),
        ("{maximum: 1d}", "{maximum: 2d}", False),
        ("{maximum: 2d}", "{maximum: 1d, on_violation: warn}", False),
    ],
)
def test_a_shorter_lead_time_breaks_clients(before: str, after: str, is_breaking: bool) -> None:
    old, new = (parse_contract(shop_with(lead_time)) for lead_time in (before, after))
    (change,) = differences(old, new)
    assert (change.what, change.is_breaking) == ("has another lead time", is_breaking)
