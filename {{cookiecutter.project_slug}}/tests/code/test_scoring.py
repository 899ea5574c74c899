import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from {{ cookiecutter.package_name }}.bundle import Manifest
from {{ cookiecutter.package_name }}.clock import SystemClock
from {{ cookiecutter.package_name }}.contract import Contract
from {{ cookiecutter.package_name }}.contract.columns import Columns, length
from {{ cookiecutter.package_name }}.contract.model import parse_contract
from {{ cookiecutter.package_name }}.errors import InputError, SourceError, StoreError
from {{ cookiecutter.package_name }}.exclusive import exclusive
from {{ cookiecutter.package_name }}.prediction_log import open_prediction_log
from {{ cookiecutter.package_name }}.predictor import Prediction, Predictor, decide
from {{ cookiecutter.package_name }}.scoring import score
from {{ cookiecutter.package_name }}.scoring.recording import Recording

COLUMNS = """
label_horizon: 1h
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  size: {type: number, range: {minimum: 0, otherwise: refuse}}
  level: {type: number, nullable: true, range: {maximum: 5, otherwise: warn}}
  row: {type: integer, nullable: true}
"""
BINARY = parse_contract("problem: binary" + COLUMNS + "  y: {type: boolean, role: target}")
NUMBER = parse_contract("problem: regression" + COLUMNS + "  y: {type: number, role: target}")
SIZES = [0.2, 0.9, 0.6, 0.1, 0.7]
# Refused rows in the second, third and last part of those that `in_parts` makes.
MIXED = [0.2, 0.9, 0.6, -1.0, None, 0.3, 0.4, -1.0, 0.5, 0.7, 0.1, None]


@dataclass(frozen=True)
class BySize:
    """Predicts the size itself, as a value or as a probability."""

    contract: Contract
    manifest: Manifest
    most: int = 1_000_000

    def predict(self, columns: Columns) -> Prediction:
        if length(columns) > self.most:
            raise StoreError("too many rows at once")
        sizes = columns["size"]
        if self.contract.problem == "regression":
            return decide(sizes.reshape(-1, 1), self.manifest.classes)
        return decide(np.stack([1 - sizes, sizes], axis=1), self.manifest.classes)


def predictor(contract: Contract = BINARY, most: int = 1_000_000, version: str = "7") -> Predictor:
    manifest = Manifest(
        version=version,
        run_id="",
        problem=contract.problem,
        classes=contract.classes,
        created="",
        features_digest="",
        contract_digest=contract.digest,
        snapshot="",
    )
    return BySize(contract, manifest, most)


def table(sizes: list[float | None]) -> pa.Table:
    return pa.table(
        {
            "key": [f"k{number}" for number in range(len(sizes))],
            "at": ["2026-01-01T00:00:00"] * len(sizes),
            "size": pa.array(sizes, pa.float64()),
            "level": [float(number) for number in range(len(sizes))],
        }
    )


@pytest.fixture(params=["csv", "parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"in.{request.param}"
    write(table([0.2, -1.0, 0.9, None, 0.7, 0.6, 0.5, 0.4]), path)
    return path


def write(rows: pa.Table, path: Path) -> None:
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(rows, path)
    else:
        pyarrow.parquet.write_table(rows, path)


def test_good_rows_are_predicted_and_bad_ones_set_aside(source: Path, tmp_path: Path) -> None:
    scored = score(source, tmp_path / "out.parquet", predictor())
    rows = pyarrow.parquet.read_table(scored.output).to_pylist()
    assert [row["row"] for row in rows] == [0, 2, 4, 5, 6, 7]
    assert [row["key"] for row in rows] == ["k0", "k2", "k4", "k5", "k6", "k7"]
    assert [row["prediction"] for row in rows] == [False, True, True, True, False, False]
    assert rows[1]["probability_true"] == pytest.approx(0.9)
    assert rows[1]["probability_false"] == pytest.approx(0.1)
    assert {row["model_version"] for row in rows} == {"7"}
    assert [row["warnings"] for row in rows] == [0, 0, 0, 0, 1, 1]
    assert scored.quarantine_path == tmp_path / "out.quarantine.parquet"
    bad = pyarrow.parquet.read_table(scored.quarantine_path).to_pylist()
    assert [(row["row"], row["reasons"]) for row in bad] == [
        (1, "size is below 0"),
        (3, "size is missing"),
    ]
    assert (scored.rows, scored.predicted) == (8, 6)
    assert scored.warnings == {"level is above 5": 2}
    assert "6 of 8 rows predicted" in scored.sentence() and "2 bad rows" in scored.sentence()


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
    with pytest.raises(SourceError, match="lacks size"):
        score(tmp_path / "in.csv", tmp_path / "out.parquet", predictor())
    with pytest.raises(SourceError, match="no file or folder"):
        score(tmp_path / "none.csv", tmp_path / "out.parquet", predictor())
    with pytest.raises(InputError, match="is the input"):
        score(tmp_path / "in.csv", tmp_path / "in.csv", predictor())
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_contract_column_named_like_ours_steps_aside(tmp_path: Path) -> None:
    keyed = parse_contract(BINARY.text.replace("key: {", "prediction: {"))
    rows = table([*SIZES]).rename_columns(["prediction", "at", "size", "level"])
    write(rows, tmp_path / "in.parquet")
    scored = score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor(keyed))
    found = pyarrow.parquet.read_table(scored.output)
    assert found["prediction_"].to_pylist() == ["k0", "k1", "k2", "k3", "k4"]
    assert found.schema.field("prediction").type == pa.bool_()


def in_parts(
    folder: Path,
    target: str = "out.parquet",
    version: str = "7",
    progress: Callable[[int], None] | None = None,
) -> tuple[pa.Table, pa.Table, int]:
    """Score `in.parquet` in parts of two rows: the output, the quarantine, and rows kept."""
    scored = score(
        folder / "in.parquet",
        folder / target,
        predictor(version=version),
        batch_rows=2,
        part_seconds=0,
        progress=progress,
    )
    assert scored.quarantine_path is not None and scored.rows == len(MIXED)
    assert scored.warnings == {"level is above 5": 4}
    read = pyarrow.parquet.read_table
    return read(scored.output), read(scored.quarantine_path), scored.kept


def die(rows: int) -> None:
    """End this process at once in the middle of the fourth part."""
    if rows >= 8:
        os.kill(os.getpid(), signal.SIGKILL)


def kill_in_the_middle(folder: Path) -> None:
    program = (
        f"import sys, pathlib; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        f"import {Path(__file__).stem} as t; "
        f"t.in_parts(pathlib.Path({str(folder)!r}), progress=t.die)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_after_a_kill_finished_parts_are_kept_and_no_row_comes_twice(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    kill_in_the_middle(tmp_path)
    assert target.read_bytes() == b"old"
    told: list[int] = []
    *resumed, kept = in_parts(tmp_path, progress=told.append)
    assert kept == 6 and told == [8, 10, 12]
    *whole, none = in_parts(tmp_path, "other.parquet")
    assert none == 0 and all(one.equals(two) for one, two in zip(resumed, whole, strict=True))
    assert resumed[0]["row"].to_pylist() == [0, 1, 2, 5, 6, 8, 9, 10]
    assert resumed[1]["row"].to_pylist() == [3, 4, 7, 11]
    assert not list(tmp_path.glob("*.parts"))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_parts_of_another_model_or_input_are_not_taken_up(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    kill_in_the_middle(tmp_path)
    found, _, kept = in_parts(tmp_path, version="8")
    assert kept == 0 and set(found["model_version"].to_pylist()) == {"8"}
    kill_in_the_middle(tmp_path)
    os.utime(tmp_path / "in.parquet", ns=(1, 1))
    assert in_parts(tmp_path)[2] == 0


def test_a_part_that_lost_a_file_is_done_anew_with_all_behind_it(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")

    def fail(rows: int) -> None:
        if rows == 10:
            raise StoreError("away")

    with pytest.raises(StoreError):
        in_parts(tmp_path, progress=fail)
    (tmp_path / "out.parquet.parts" / "1.quarantine.parquet").unlink()
    found, bad, kept = in_parts(tmp_path)
    assert kept == 2 and len(found) + len(bad) == len(MIXED)


def test_an_error_ahead_is_raised_and_leaves_no_thread(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    before = threading.active_count()
    with pytest.raises(StoreError, match="too many"):
        score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor(most=1), batch_rows=2)
    assert threading.active_count() == before


def test_two_processes_do_not_write_one_output(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    with (
        exclusive(tmp_path / "out.parquet.parts" / "lock"),
        pytest.raises(InputError, match="another process writes"),
    ):
        in_parts(tmp_path)


def test_a_folder_may_hold_input_and_output(tmp_path: Path) -> None:
    write(table([*SIZES]), tmp_path / "in.parquet")
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    write(table([*SIZES]), parts / "0.parquet")
    assert score(tmp_path, tmp_path / "out.parquet", predictor()).rows == len(SIZES)


def test_prediction_ids_are_uuids_that_stay(tmp_path: Path) -> None:
    write(table([*MIXED]), tmp_path / "in.parquet")
    ids = in_parts(tmp_path)[0]["prediction_id"].to_pylist()
    assert len(set(ids)) == len(ids) and ids == sorted(ids)
    assert all(str(UUID(one)) == one and UUID(one).version == 8 for one in ids)
    assert in_parts(tmp_path)[0]["prediction_id"].to_pylist() == ids
    assert not set(ids) & set(in_parts(tmp_path, version="8")[0]["prediction_id"].to_pylist())


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
