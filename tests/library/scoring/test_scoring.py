"""A table in, predictions out: good rows are answered, and bad ones set aside."""

from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from mlops_loop._clock import SystemClock
from mlops_loop._scoring import score
from mlops_loop._scoring.recording import Recording
from mlops_loop.contract import Contract
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.errors import InputError, SourceError, StoreError
from mlops_loop.prediction_log import open_prediction_log

from .inputs import BINARY, NUMBER, SIZES, predictor, table, write
from .parts import MIXED


@pytest.fixture(params=["csv", "parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"in.{request.param}"
    write(table([0.2, -1.0, 0.9, None, 0.7, 0.6, 0.5, 0.4]), path)
    return path


def test_good_rows_are_predicted_and_bad_ones_set_aside(source: Path, tmp_path: Path) -> None:
    scored = score(source, tmp_path / "out.parquet", predictor())
    rows = pyarrow.parquet.read_table(scored.output).to_pylist()
    assert [row["row"] for row in rows] == [1, 3, 5, 6, 7, 8]
    assert [row["key"] for row in rows] == ["k0", "k2", "k4", "k5", "k6", "k7"]
    assert [row["prediction"] for row in rows] == [False, True, True, True, False, False]
    assert rows[1]["probability_true"] == pytest.approx(0.9)
    assert rows[1]["probability_false"] == pytest.approx(0.1)
    assert {row["model_version"] for row in rows} == {"7"}
    assert [row["warnings"] for row in rows] == [0, 0, 0, 0, 1, 1]
    assert scored.quarantine_path == tmp_path / "out.quarantine.parquet"
    bad = pyarrow.parquet.read_table(scored.quarantine_path).to_pylist()
    assert [(row["row"], row["reasons"]) for row in bad] == [
        (2, "size is below 0"),
        (4, "size is missing"),
    ]
    assert (scored.rows, scored.predicted) == (8, 6)
    assert scored.warnings == {"level is above 5": 2}
    assert "6 of 8 rows predicted" in scored.summary() and "2 rejected rows" in scored.summary()


def test_small_batches_give_the_same_answer_and_hold_few_rows(source: Path, tmp_path: Path) -> None:
    whole = score(source, tmp_path / "whole.parquet", predictor())
    done: list[int] = []
    parts = score(
        source, tmp_path / "parts.parquet", predictor(most=3), batch_rows=3, progress=done.append
    )
    one, other = (pyarrow.parquet.read_table(scored.output) for scored in (whole, parts))
    assert one.equals(other)
    assert done == [3, 6, 8]
    assert parts.quarantine_path is not None and whole.quarantine_path is not None
    assert len(pyarrow.parquet.read_table(parts.quarantine_path)) == 2


def test_rows_that_cannot_be_split_are_set_aside_as_they_stand(tmp_path: Path) -> None:
    write(table([0.2, -1.0, 0.9]), tmp_path / "in.csv")
    with (tmp_path / "in.csv").open("a") as file:
        file.write("k3,too,short\n")
    for ending, batch_rows in (("csv", 100), ("parquet", 1)):
        target = tmp_path / f"out.{ending}"
        scored = score(tmp_path / "in.csv", target, predictor(), batch_rows=batch_rows)
        assert (scored.rows, scored.predicted) == (4, 2)
        path = scored.quarantine_path
        assert path == tmp_path / f"out.quarantine.{ending}"
        is_csv = ending == "csv"
        bad = (pyarrow.csv.read_csv if is_csv else pyarrow.parquet.read_table)(path).to_pylist()
        reasons = "line 5 is malformed: 3 values, expected 4"
        assert [(row["row"], row["reasons"], row["raw"] or None) for row in bad] == [
            (2, "size is below 0", None),
            (4, reasons, "k3,too,short"),
        ]


def test_a_regression_has_numbers_and_no_probabilities(tmp_path: Path) -> None:
    write(table([*SIZES]), tmp_path / "in.parquet")
    scored = score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor(NUMBER))
    found = pyarrow.parquet.read_table(scored.output)
    assert found["prediction"].to_pylist() == SIZES
    assert not [name for name in found.column_names if name.startswith("probability")]
    assert scored.quarantine_path is None


def test_an_old_quarantine_goes_when_every_row_is_good(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    write(table([-1.0, 0.5]), tmp_path / "in.csv")
    quarantine = score(tmp_path / "in.csv", target, predictor()).quarantine_path
    assert quarantine is not None and quarantine.exists()
    write(table([0.5]), tmp_path / "in.csv")
    assert score(tmp_path / "in.csv", target, predictor()).quarantine_path is None
    assert not quarantine.exists()


def test_no_rows_and_only_bad_rows_make_an_empty_output(tmp_path: Path) -> None:
    for sizes in ([], [-1.0]):
        write(table([*sizes]), tmp_path / "in.parquet")
        scored = score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor())
        assert scored.predicted == 0
        assert pyarrow.parquet.read_table(scored.output).num_rows == 0


def test_a_failure_leaves_the_old_output_and_no_draft(tmp_path: Path) -> None:
    write(table([*SIZES]), tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    with pytest.raises(StoreError):
        score(tmp_path / "in.parquet", target, predictor(most=3))
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


def test_mistakes_with_files_are_named(tmp_path: Path) -> None:
    write(table([*SIZES]).drop_columns("size"), tmp_path / "in.csv")
    with pytest.raises(SourceError, match="missing columns size"):
        score(tmp_path / "in.csv", tmp_path / "out.parquet", predictor())
    with pytest.raises(SourceError, match="no file or folder"):
        score(tmp_path / "none.csv", tmp_path / "out.parquet", predictor())
    with pytest.raises(InputError, match="is the input"):
        score(tmp_path / "in.csv", tmp_path / "in.csv", predictor())
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_csv_output_holds_the_same_rows(source: Path, tmp_path: Path) -> None:
    parquet, csv = (
        score(source, tmp_path / name, predictor(), batch_rows=3, part_seconds=0)
        for name in ("out.parquet", "out.csv")
    )
    expected = pyarrow.parquet.read_table(parquet.output)
    text = pyarrow.csv.ConvertOptions(column_types=expected.schema)
    assert pyarrow.csv.read_csv(csv.output, convert_options=text).equals(expected)
    assert csv.quarantine_path == tmp_path / "out.quarantine.csv"
    rejected = pyarrow.csv.read_csv(csv.quarantine_path)
    assert rejected["reasons"].to_pylist() == ["size is below 0", "size is missing"]
    assert not list(tmp_path.glob("*.parts"))


@pytest.mark.parametrize("name", ["out.txt", "out", "out.csv.gz"])
def test_other_formats_are_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a name in \.csv or \.parquet"):
        score(tmp_path / "none.csv", tmp_path / name, predictor())
    assert not list(tmp_path.iterdir())


def test_a_contract_column_named_like_ours_steps_aside(tmp_path: Path) -> None:
    keyed = parse_contract(BINARY.text.replace("key: {", "prediction: {"))
    rows = table([*SIZES]).rename_columns(["prediction", "at", "size", "level"])
    write(rows, tmp_path / "in.parquet")
    scored = score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor(keyed))
    found = pyarrow.parquet.read_table(scored.output)
    assert found["prediction_"].to_pylist() == ["k0", "k1", "k2", "k3", "k4"]
    assert found.schema.field("prediction").type == pa.bool_()


@pytest.mark.parametrize("contract", [BINARY, NUMBER])
def test_predictions_go_to_the_log_once(contract: Contract, tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    with closing(open_prediction_log("sqlite:///log.db", root=tmp_path)) as log:
        record = Recording(log, contract, SystemClock(), "7").append
        for name in ("one.parquet", "two.parquet"):
            scored = score(
                tmp_path / "in.parquet", tmp_path / name, predictor(contract), record=record
            )
        assert log.totals().predictions == scored.predicted == 8
        for row in pyarrow.parquet.read_table(scored.output).to_pylist():
            found = log.get(row["prediction_id"])
            assert found is not None
            assert found.record.entity_key == row["key"] == found.record.columns["key"]
            assert found.record.event_time == row["at"]
            (output,) = found.record.outputs
            assert (output.version, output.prediction) == ("7", row["prediction"])
            assert (
                output.probabilities is None or output.probabilities[1] == row["probability_true"]
            )
