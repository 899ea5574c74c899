import pytest

from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.errors import ContractError

GOOD = """
problem: multiclass
label_horizon: 2h
columns:
  size: {type: number, range: {minimum: 0}}
  kind: {type: category, role: target, categories: {values: [a, b, c]}}
  note: {type: text, role: ignore}
  key: {type: text, role: id}
"""


def test_columns_are_sorted_by_what_they_are_for() -> None:
    contract = parse_contract(GOOD)
    assert [column.name for column in contract.inputs] == ["size", "key"]
    assert [column.name for column in contract.features] == ["size"]
    assert contract.classes == ("a", "b", "c")
    assert contract.id is not None and contract.time is None and contract.group is None


def test_the_digest_follows_the_text() -> None:
    assert parse_contract(GOOD).digest == parse_contract(GOOD).digest
    assert parse_contract(GOOD).digest != parse_contract(GOOD + "\n# more").digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: number", "type: float", "size.type"),
        ("role: target", "role: feature", "target"),
        ("problem: multiclass", "problem: ranking", "problem"),
        ("2h", "two hours", "label_horizon"),
        ("type: text, role: id", "type: text, role: target", "target"),
        ("{type: number, range: {minimum: 0}}", "number", "at least a type"),
        ("{type: number, range", "{type: text, range", "range needs type"),
        ("size:", "[size", "not valid YAML"),
        ("columns:", "tables:", "needs the keys"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ContractError) as caught:
        parse_contract(GOOD.replace(old, new))
    assert said in str(caught.value)


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(ContractError, match="no column 'weight'"):
        parse_contract(GOOD).column("weight")


def test_classes_need_categories() -> None:
    contract = parse_contract(GOOD.replace(", categories: {values: [a, b, c]}", ""))
    with pytest.raises(ContractError, match="list them"):
        assert contract.classes
