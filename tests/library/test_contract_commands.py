"""The contract as people and their pipelines meet it: its page, its schema, checks, differences."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_loop._settings import Settings
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._compatibility import differences
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._dictionary import dictionary
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract

from .projects import cli

HEADER = "customer,at,price,pieces,sold as,country,gift,delivered"
GOOD = "c-1,2013-01-01T10:00:00Z,9.5,2,set,DE,true,"
BAD = "c-2,yesterday,-1,2,set,XX,true,"
ODD = "c-3,2013-01-01T10:00:00Z,9.5,100,set,DE,,"


@pytest.fixture
def root(shop_settings: Settings) -> Path:
    return shop_settings.root


def run(root: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["--root", str(root), "contract", *map(str, arguments)])


def test_the_page_names_every_column_and_what_becomes_of_other_values(shop: Contract) -> None:
    page = dictionary(shop)
    rows = {line.split(" | ")[0].strip("| "): line for line in page.splitlines() if "| " in line}
    assert {column.name for column in shop.columns} <= set(rows)
    assert "from 0 to 1000; others: reject" in rows["price"]
    assert "set, single; others: warn" in rows["sold as"]
    assert "one of two classes: False, True" in page


def test_what_markdown_would_take_as_its_own_is_shown_as_it_stands() -> None:
    text = """
problem: regression
label_horizon: 1d
columns:
  "a|b*": {type: number, unit: "<m>", description: "one\ntwo"}
  y: {type: number, role: target}
"""
    assert "| a\\|b\\* | number | feature | no |  | one two (\\<m>) |" in dictionary(
        parse_contract(text)
    )


def test_the_command_prints_the_page_of_this_project(root: Path, shop: Contract) -> None:
    assert run(root, "show").output.strip() == dictionary(shop)


def test_the_schema_can_be_read_by_a_program(root: Path, shop: Contract) -> None:
    schema = json.loads(run(root, "schema").output)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["example"] == example_row(shop)


def test_the_example_is_a_row_that_the_service_accepts(root: Path, shop: Contract) -> None:
    row = json.loads(run(root, "example").stdout)
    assert set(row) == {column.name for column in shop.inputs}
    assert check_rows(shop, [row]).violations == ()


def test_a_good_file_passes(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n{ODD}\n")
    result = run(root, "check", file)
    assert result.exit_code == 0, result.output
    assert "0 of 2 rows violate the contract" in result.output
    assert "warning: pieces is above 99 (1)" in result.output


def test_bad_rows_are_named_as_the_service_would_name_them(
    root: Path, shop: Contract, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n{BAD}\n")
    result = run(root, "check", file, "--json")
    assert result.exit_code == 3, result.output
    told = json.loads(result.output)
    asked = {**example_row(shop), "at": "yesterday", "price": -1.0, "country": "XX"}
    reasons = {(one.column, one.reason) for one in check_rows(shop, [asked]).violations}
    assert {(one["column"], one["reason"]) for one in told["violations"]} == reasons
    assert {(one["file"], one["line"]) for one in told["violations"]} == {(str(file), 3)}
    assert (told["rows"], told["rejected"]) == (2, 1)


def test_a_file_without_a_column_is_refused_in_one_sentence(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("customer,at\nc-1,2013-01-01\n")
    result = run(root, "check", file)
    assert result.exit_code == 2
    assert "missing columns price, pieces, sold as, country" in result.output


def changed(shop: Contract, old: str, new: str) -> Contract:
    assert old in shop.text
    return parse_contract(shop.text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "column", "is_breaking"),
    [
        (
            "maximum: 1000, on_violation: reject",
            "maximum: 900, on_violation: reject",
            "price",
            True,
        ),
        (
            "maximum: 1000, on_violation: reject",
            "maximum: 2000, on_violation: reject",
            "price",
            False,
        ),
        (
            "maximum: 1000, on_violation: reject",
            "maximum: 1000, on_violation: warn",
            "price",
            False,
        ),
        ("maximum: 99, on_violation: warn", "maximum: 99, on_violation: reject", "pieces", True),
        ("values: [DE, FR]", "values: [DE]", "country", True),
        ("values: [DE, FR]", "values: [DE, ES, FR]", "country", False),
        ("values: [set, single]", "values: [set]", "sold as", False),
        ("pieces: {type: integer", "pieces: {type: number", "pieces", False),
        ("price: {type: number", "price: {type: integer", "price", True),
        ("gift: {type: boolean, nullable: true", "gift: {type: boolean", "gift", True),
        ("country: {type: category", "country: {nullable: true, type: category", "country", False),
        ("  gift:", "  colour: {type: text}\n  gift:", "colour", True),
        ("  gift:", "  colour: {type: text, nullable: true}\n  gift:", "colour", False),
        ("  gift:", "  present:", "gift", True),
        ("country: {type: category", "country: {role: ignore, type: category", "country", False),
        (
            "returned: {type: boolean, role: target",
            "lost: {type: boolean, role: target",
            None,
            True,
        ),
        ("label_horizon: 1d", "label_horizon: 36h", None, False),
    ],
)
def test_a_change_breaks_callers_or_does_not(
    shop: Contract, old: str, new: str, column: str | None, is_breaking: bool
) -> None:
    found = [one for one in differences(shop, changed(shop, old, new)) if one.column == column]
    assert [one.is_breaking for one in found] == [is_breaking]


def test_the_same_contract_has_no_differences(shop: Contract) -> None:
    assert differences(shop, shop) == []


def test_two_files_are_compared_and_a_pipeline_can_be_stopped(
    root: Path, shop: Contract, tmp_path: Path
) -> None:
    before = tmp_path / "before.yaml"
    before.write_text(changed(shop, "country: {", "region: {").text)
    result = run(root, "diff", before, "--fail-on", "breaking")
    assert result.exit_code == 3
    assert result.output.splitlines()[:2] == [
        "breaks callers: region was removed, and unknown fields are rejected",
        "breaks callers: country is new and required",
    ]
    assert run(root, "diff", before, before).output == "no changes\n"


def test_without_files_the_champion_is_compared(root: Path) -> None:
    result = run(root, "diff")
    assert result.exit_code == 2
    assert "no version is champion" in result.output
