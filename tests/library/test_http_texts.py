"""Texts of requests over HTTP, in both frameworks: read, logged and labelled as those of a file."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from mlops_loop._settings import Settings
from mlops_loop.contract._casting import check_table
from mlops_loop.contract._columns import to_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._messages import unreadable
from mlops_loop.contract._model import Contract
from mlops_loop.data._ingestion import _too_many

CONTRACT = """
problem: binary
label_horizon: 1d
columns:
  customer: {type: text, role: id, parsing: {trim: true}}
  at: {type: datetime, role: time, parsing: {formats: ["%d.%m.%Y %H:%M"]}}
  plan: {type: category, parsing: {trim: true}, categories: {values: [basic, plus]}}
  price: {type: number, parsing: {decimal: ","}}
  months: {type: integer, nullable: true, parsing: {missing: [unknown]}}
  returned: {type: boolean, role: target, parsing: {true_words: ["yes"]}}
"""
ROW = {
    "customer": " c-1",
    "at": "28.11.2025 10:00",
    "plan": " basic ",
    "price": "29,90",
    "months": "unknown",
}


@pytest.fixture
def shop() -> Contract:
    return parse_contract(CONTRACT)


@pytest.fixture
def shop_settings(shop_settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "config/contract.yaml").write_text(CONTRACT, encoding="utf-8")
    return shop_settings


@pytest.mark.parametrize("many", [False, True])
def test_texts_are_read_logged_and_labelled_like_those_of_a_file(
    served: Any, shop: Contract, many: bool
) -> None:
    answer = served.http.post("/predict", json=[ROW, ROW] if many else ROW)
    assert answer.status_code == 200, answer.text
    found = answer.json()[1] if many else answer.json()
    assert "warnings" not in found
    record = served.log.get(found["prediction_id"]).record
    table = pa.table({name: [text] for name, text in ROW.items()})
    checked = check_table(shop, table, shop.inputs)
    assert not checked.violations
    assert [record.columns] == to_rows(shop.inputs, checked.columns)
    assert record.entity_key == "c-1"
    label = {"prediction_id": found["prediction_id"], "label": "Yes"}
    labelled = served.http.post("/labels", json=label)
    assert (labelled.status_code, labelled.json()["joined"]) == (200, 1)
    assert served.log.get(found["prediction_id"]).label.label is True


def test_a_rejection_names_the_spellings(served: Any, problem: Any) -> None:
    row = {**ROW, "at": "11/28/2025", "price": "a lot"}
    violations = problem(served.http.post("/predict", json=row), 422)["violations"]
    assert {each["reason"] for each in violations} == {
        "should be a date and time in ISO 8601 or %d.%m.%Y %H:%M",
        "should be a finite number or a text with decimal ','",
    }
    label = {"prediction_id": "p", "label": "perhaps"}
    (violation,) = problem(served.http.post("/labels", json=label), 422)["violations"]
    assert violation["reason"] == "should be true or false or yes"


def test_too_many_bad_rows_end_with_the_command_that_lists_them(
    shop: Contract, shop_settings: Settings
) -> None:
    reason = f"at {unreadable(shop.column('at'))}"
    collector: Any = SimpleNamespace(bad=5, rows=5, counts=lambda action: {reason: 5})
    message = _too_many(collector, shop_settings)
    assert "at should be a date and time in ISO 8601 or %d.%m.%Y %H:%M (5)" in message
    assert message.endswith("`contract check FILE` lists lines and values")
