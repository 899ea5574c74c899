from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._clock import ManualClock
from mlops_loop._settings import Csv
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.data._labels import read_labels
from mlops_loop.errors import InputError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SEMICOLONS = Csv(delimiter=";")


def about(target: str, problem: str = "binary") -> Contract:
    return parse_contract(f"""
problem: {problem}
label_horizon: 1d
columns:
  x: {"{type: number}"}
  y: {"{role: target, " + target + "}"}
""")


GERMAN = about("type: boolean, parsing: {true_words: [ja], false_words: [nein]}")
CODES = about("type: category, categories: {values: ['01', '02', '3']}", "multiclass")


def labels(path: Path, contract: Contract, csv: Csv) -> dict[str, object]:
    found = read_labels(path, contract, ManualClock(NOON), csv)
    return {one.prediction_id: one.label for one in found}


@pytest.mark.parametrize(
    ("contract", "lines", "wanted"),
    [
        (GERMAN, "prediction_id;label\na;Ja\nb;nein\nc;true\n", [True, False, True]),
        (GERMAN, "prediction_id,label\na,1\nb,0\nc,ja\n", [True, False, True]),
        (CODES, "prediction_id;label\na;01\nb;02\nc;3\n", ["01", "02", "3"]),
    ],
)
def test_labels_are_read_as_the_source_is(
    tmp_path: Path, contract: Contract, lines: str, wanted: list[object]
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(lines)
    assert labels(path, contract, SEMICOLONS) == dict(zip("abc", wanted, strict=True))


def test_plain_labels_are_read_whatever_the_source_is_written_in(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("prediction_id,label\na,ja\n")
    assert labels(path, GERMAN, Csv(delimiter="\t", encoding="utf-16")) == {"a": True}


def test_labels_of_a_parquet_file_keep_their_types(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    amounts = about("type: number", "regression")
    pyarrow.parquet.write_table(pa.table({"prediction_id": ["a"], "label": [2]}), path)
    assert labels(path, amounts, SEMICOLONS) == {"a": 2.0}
    assert labels(path, CODES.model_copy(), Csv()) == {"a": "2"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "prediction_id;label\na;maybe\n",
            "labels.csv, line 2: the label 'maybe' should be true or false",
        ),
        ("prediction_id;outcome\na;ja\n", "has no column label"),
        ("", "labels.csv is empty"),
        (
            "prediction_id;label\na;ja\n;nein\n",
            "labels.csv, line 3: no prediction_id; nothing was stored",
        ),
    ],
)
def test_labels_that_cannot_be_read_say_why(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(lines)
    with pytest.raises(InputError, match=said):
        labels(path, GERMAN, SEMICOLONS)
