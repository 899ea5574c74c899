"""What is known of an entity: erased from the log, kept out of bundles, listed where it remains."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from mlops_loop._bundle import REFERENCE, read_bundle
from mlops_loop._clock import ManualClock
from mlops_loop._erasure import find_remainders
from mlops_loop._history_archive import archive_history
from mlops_loop._predictor import Prediction
from mlops_loop._project import Project
from mlops_loop._pseudonyms import Pseudonyms
from mlops_loop._settings import Settings
from mlops_loop.contract import load_contract
from mlops_loop.data._log_export import export_log
from mlops_loop.errors import StoreError
from mlops_loop.evaluation._reference import reference_file, without_identifiers

from .projects import cli, project_in
from .test_retention import DAY, NOW, entries, left, log

WHO = """
problem: binary
label_horizon: 1d
columns:
  person: {type: text, role: id, example: anna}
  household: {type: integer, role: group, example: 7}
  note: {type: text, example: fragile}
  street: {type: text, example: Long Lane}
  colour: {type: category, categories: {values: [blue, red], on_violation: warn}}
  late: {type: boolean, role: target}
"""


@pytest.fixture
def shop(shop_settings: Settings) -> Iterator[Project]:
    settings = shop_settings
    with closing(project_in(settings.root, ManualClock(NOW), settings=settings)) as project:
        yield project


def run(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(project.root), "log", "erase", *arguments])


def test_an_entity_is_erased_and_not_named(shop: Project) -> None:
    log(shop, gone=DAY, stays=DAY)
    result = run(shop, "--key", "gone", "--yes")
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "2 predictions deleted")
    assert left(shop) == ["stays0", "stays1"]
    again = run(shop, "--key", "gone", "--yes")
    assert (again.exit_code, again.output.splitlines()[0]) == (0, "0 predictions deleted")
    first, second = entries(shop, "erase")
    assert [first.details["rows"], second.details["rows"]] == [2, 0]
    assert first.details["pseudonym"] == second.details["pseudonym"]
    recorded = json.dumps([first.to_json(), second.to_json()])
    assert "gone" not in recorded
    # A reader of the audit log could try names, if there was no secret in the hash.
    assert sha256(b"gone").hexdigest()[:8] not in recorded


def test_nothing_is_erased_without_a_yes(shop: Project) -> None:
    log(shop, gone=DAY)
    result = run(shop, "--key", "gone")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert left(shop) == ["gone0", "gone1"]


def test_the_report_lists_what_remains_and_why_and_deletes_nothing(shop: Project) -> None:
    log(shop, gone=DAY, stays=DAY)
    var = shop.paths.var
    export_log(shop.log, shop.contract, var / "archive" / "predictions.parquet")
    (identifier,) = (shop.contract.id,)
    assert identifier is not None
    snapshot = pa.table({identifier.name: ["gone", "stays", None]})
    (var / "snapshots").mkdir()
    pq.write_table(snapshot, var / "snapshots" / "abc.parquet")
    held_out = var / "mlflow-artifacts" / "run" / "artifacts" / "exported"
    held_out.mkdir(parents=True)
    pq.write_table(snapshot, held_out / "holdout.parquet")
    (var / "quarantine").mkdir()
    (var / "quarantine" / "cut.parquet").write_bytes(b"PAR1")
    result = run(shop, "--key", "gone", "--report")
    assert result.exit_code == 0, result.output
    assert left(shop) == ["gone0", "gone1", "stays0", "stays1"]
    assert not entries(shop, "erase")
    lines = {line.split(":")[0]: line for line in result.output.splitlines()}
    assert "2 rows; labelled predictions" in lines["- var/archive/predictions.parquet"]
    assert "1 row; training data" in lines["- var/snapshots/abc.parquet"]
    holdout = "- var/mlflow-artifacts/run/artifacts/exported/holdout.parquet"
    assert "1 row; held-out rows of a training run" in lines[holdout]
    assert "unreadable" in lines["- var/quarantine/cut.parquet"]
    assert "backups" in result.output
    # The same after an erasure.
    erased = run(shop, "--key", "gone", "--yes").output
    assert erased == "2 predictions deleted\n" + result.output


def test_folders_that_were_archived_are_searched_and_named(shop: Project) -> None:
    assert shop.contract.id is not None
    (shop.paths.var / "snapshots").mkdir(parents=True)
    table = pa.table({shop.contract.id.name: ["gone", "stays"]})
    pq.write_table(table, shop.paths.var / "snapshots" / "abc.parquet")
    archive_history(shop.settings)
    (shop.root / "var.old").mkdir()
    output = run(shop, "--key", "gone", "--report").output
    assert "- var.1/snapshots/abc.parquet: 1 row; history that `adopt`" in output
    assert "- var.1: its prediction log; history that `adopt`" in output
    assert "var.old" not in output


def test_rows_that_were_logged_with_another_key_are_counted(shop: Project) -> None:
    log(shop, gone=DAY, stays=DAY)
    assert "prediction log:" not in run(shop, "--key", "gone", "--report").output
    first, *_ = shop.log.rows(None, None)
    for number, key in enumerate([None, "session 1", "session 1", "session 2"]):
        columns = {**first.record.columns, "customer": "gone"}
        moved = {"prediction_id": f"other{number}", "entity_key": key, "columns": columns}
        shop.log.append([msgspec.structs.replace(first.record, **moved)]).result()
    output = run(shop, "--key", "gone", "--yes").output
    assert output.startswith("2 predictions deleted\nstill holding rows:\n")
    assert "- prediction log: 1 row; without an entity key" in output
    assert "3 rows; with other entity keys ('session 1', 'session 2'): `log erase`" in output
    for key in ("session 1", "session 2"):
        run(shop, "--key", key, "--yes")
    assert "other entity keys" not in run(shop, "--key", "gone", "--report").output


def test_bundles_hold_no_identifiers(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").write_text(WHO)
    contract = load_contract(tmp_path / "contract.yaml")
    columns = {
        "person": np.array(["anna", "ben", "cy"], dtype=object),
        "household": np.array([7.0, np.nan, 7.0]),
        "note": np.array(["by anna", None, "x"], dtype=object),
        "street": np.array(["Long Lane", None, "High Street"], dtype=object),
        "colour": np.array(["blue", "red", "red"], dtype=object),
        "late": np.array([0.0, 1.0, 1.0]),
    }
    pseudonyms = Pseudonyms(tmp_path / "secret.key")
    known = without_identifiers(
        contract, columns, read_by_features={"street"}, pseudonym=pseudonyms.of
    )
    prediction = Prediction([False, True, True], np.full((3, 2), 0.5))
    table = pq.read_table(BytesIO(reference_file(contract, known, prediction)))
    assert table.column_names[:4] == ["household", "street", "colour", "late"]
    first, second, third = table["household"].to_pylist()
    assert first == third != 7 and second is None
    assert table["street"].to_pylist() == ["Long Lane", None, "High Street"]
    assert [*columns] == ["person", "household", "note", "street", "colour", "late"]


@pytest.mark.parametrize("group", ["text", "datetime"])
def test_a_group_becomes_pseudonyms_of_its_type(tmp_path: Path, group: str) -> None:
    text = WHO.replace(
        "household: {type: integer, role: group, example: 7}",
        "household: " f"{{type: {group}, role: group, nullable: true}}",
    )
    (tmp_path / "contract.yaml").write_text(text)
    values = {
        "text": np.array(["Miller", None, "Miller"], dtype=object),
        "datetime": np.array(["2013-01-01", "NaT", "2013-01-01"], dtype="datetime64[us]"),
    }[group]
    hidden = without_identifiers(
        load_contract(tmp_path / "contract.yaml"),
        {"household": values},
        read_by_features=(),
        pseudonym=Pseudonyms(tmp_path / "secret.key").of,
    )["household"]
    assert hidden.dtype == values.dtype
    assert hidden[0] == hidden[2] != values[0]


def test_the_reference_of_a_trained_version_names_nobody(project: Project) -> None:
    assert project.contract.id is not None
    paths = [*project.root.rglob(REFERENCE)]
    assert len(paths) > 1  # in the bundle store and in MLflow
    for path in paths:
        assert project.contract.id.name not in pq.read_schema(path).names
    snapshot = pq.read_table(next((project.root / "var/snapshots").glob("*.parquet")))
    key = snapshot[project.contract.id.name][0].as_py()
    remaining = {Path(one.path).name for one in find_remainders(project, key)}
    assert REFERENCE not in remaining and len(remaining) >= 1
    # A version without identifiers can still be tried on a held-out row.
    project.transitions.promote("1", actor="me", reason="again")
    read_bundle(project.bundles.fetch("1")).verify()


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    first = Pseudonyms(path).of("anna")
    assert first == Pseudonyms(path).of("anna") != Pseudonyms(path).of("ben")
    assert first != Pseudonyms(tmp_path / "other.key").of("anna")
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="restore it from a backup"):
        Pseudonyms(path).of("anna")
