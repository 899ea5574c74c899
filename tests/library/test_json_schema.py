import pytest

from mlops_loop.contract._check import check_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._json_schema import (
    class_names,
    class_schema,
    column_schema,
    example_row,
    row_schema,
)
from mlops_loop.contract._model import Contract

BARE = """
problem: PROBLEM
label_horizon: 1d
columns:
  a: {type: number}
  b: {type: integer, range: {minimum: 3, on_violation: reject}}
  c: {type: category, categories: {values: [x], on_violation: reject}}
  d: {type: boolean}
  e: {type: datetime}
  f: {type: text}
  g: {type: number, range: {maximum: -1, on_violation: reject}}
  y: TARGET
"""
LISTED = "{type: category, role: target, categories: {values: [low, high]}}"


def test_bounds_that_refuse_are_in_the_schema_and_others_in_words(shop: Contract) -> None:
    price, pieces = column_schema(shop.column("price")), column_schema(shop.column("pieces"))
    assert (price["minimum"], price["maximum"]) == (0, 1000)
    assert "minimum" not in pieces
    assert "usually between 1 and 99" in pieces["description"]
    assert column_schema(shop.column("country"))["enum"] == ["DE", "FR"]
    sold_as = column_schema(shop.column("sold as"))
    assert "known values: set, single" in sold_as["description"]
    assert sold_as["examples"] == ["set", "single"]


def test_nullable_columns_may_be_absent(shop: Contract) -> None:
    schema = row_schema(shop)
    assert schema["properties"]["gift"]["type"] == ["boolean", "null"]
    assert {"gift", "delivered"}.isdisjoint(schema["required"])
    assert schema["additionalProperties"] is False


def test_fields_that_the_check_passes_over_pass_the_schema(shop: Contract) -> None:
    assert "type" not in row_schema(shop)["properties"]["returned"]


def test_an_example_is_made_where_the_contract_gives_none() -> None:
    contract = parse_contract(
        BARE.replace("PROBLEM", "regression").replace("TARGET", "{type: number, role: target}")
    )
    assert check_rows(contract, [example_row(contract)]).violations == ()


@pytest.mark.parametrize(
    ("problem", "target", "schema", "names"),
    [
        ("binary", "{type: boolean, role: target}", {"type": "boolean"}, ["false", "true"]),
        ("multiclass", LISTED, {"type": "string", "enum": ["low", "high"]}, ["low", "high"]),
        ("regression", "{type: integer, role: target}", {"type": "number"}, []),
    ],
)
def test_a_prediction_is_a_class_or_a_number(
    problem: str, target: str, schema: dict[str, object], names: list[str]
) -> None:
    contract = parse_contract(BARE.replace("PROBLEM", problem).replace("TARGET", target))
    assert class_schema(contract) == schema
    assert class_names(contract) == names
