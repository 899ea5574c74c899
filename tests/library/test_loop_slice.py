"""The whole loop on two months of parcels: the real service, the real stores, every command."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from mlops_loop._settings_loading import load_settings

from .projects import cli

Run = Callable[..., Result]


def runner(root: Path) -> Run:
    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--root", str(root), *arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def said(result: Result) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.fixture
def empty(parcels: Path, tmp_path: Path) -> Run:
    """The commands of a project that has just been cloned."""
    return runner(shutil.copytree(parcels, tmp_path / "clone"))


@pytest.fixture(scope="module")
def root(parcels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(parcels, tmp_path_factory.mktemp("played") / "project")


@pytest.fixture(scope="module")
def played(root: Path) -> Run:
    """The commands of a project that has lived through two months."""
    run = runner(root)
    run("loop", "replay", "--months", "2", "--rows-per-month", "800")
    return run


def test_without_a_model_there_is_nothing_to_play(parcels: Path, tmp_path: Path) -> None:
    root = shutil.copytree(parcels, tmp_path / "strict")
    config = root / "config/project.yaml"
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings["gate"]["max_size"] = 1
    config.write_text(json.dumps(settings), encoding="utf-8")
    result = runner(root)("loop", "replay", "--months", "1", "--rows-per-month", "200", code=3)
    assert "the gate rejected the first model" in result.output


def test_a_fresh_clone_says_what_to_do(empty: Run) -> None:
    assert "none yet" in empty("status").output
    assert "no champion to compare with" in empty("monitor").output
    assert "no transitions yet" in empty("loop", "history").output
    assert "nothing registered yet" in empty("doctor").output
    state = said(empty("status", "--json"))
    assert (state["champion"], state["challenger"]) == (None, None)
    assert state["log"] == {
        "kept": True,
        "predictions": 0,
        "labels": 0,
        "backlog": 0,
        "other_schemas": 0,
    }


def test_the_replay_leaves_a_page_and_a_champion(played: Run, root: Path) -> None:
    page = (root / "var/reports/loop.html").read_text(encoding="utf-8")
    assert "Mar" in page and "Apr" in page
    state = said(played("status", "--json"))
    assert state["champion"]["metrics"]["roc_auc"] > 0.6
    assert state["log"]["predictions"] == 1600
    assert 1500 < state["log"]["labels"] < 1600


def test_the_replay_retrained_for_a_reason(played: Run) -> None:
    entries = said(played("loop", "history", "--json"))["entries"]
    retrainings = [entry["reason"] for entry in entries if entry["kind"] == "retrain"]
    assert retrainings[0] == "there is no champion yet"
    causes = ("drifted", "performance", "loop.growth")
    assert any(cause in reason for reason in retrainings[1:] for cause in causes), retrainings


def test_a_second_replay_does_not_touch_the_history(played: Run) -> None:
    result = played("loop", "replay", code=2)
    assert "--fresh" in result.stderr


def test_monitoring_reports_in_the_documented_form(played: Run, root: Path) -> None:
    found = said(played("monitor", "--since", "2013-04-01", "--until", "2013-05-01", "--json"))
    answers = {"window", "drift", "quality", "performance", "statuses", "findings"}
    answers |= {"report", "advice"}
    assert set(found) == answers
    assert set(found["window"]) == {"since", "until", "rows", "sampled"}
    assert found["window"]["rows"] == 800
    assert (root / found["report"]).is_file()


def test_monitoring_by_cron_tells_the_receivers(played: Run, root: Path) -> None:
    version = said(played("status", "--json"))["champion"]["version"]
    asked = ("--since", "2013-04-01", "--until", "2013-05-01", "--no-page", "--alert", "--json")
    found = said(played("monitor", "--version", version, *asked))
    assert found["drift"] and found["report"] is None
    open_alerts = json.loads((root / "var/alerts/open.json").read_text(encoding="utf-8"))
    assert "drift" in open_alerts["alerts"]
    assert "of the importance drifted" in (root / "var/alerts.jsonl").read_text(encoding="utf-8")


def test_drift_can_fail_a_pipeline(played: Run) -> None:
    played(
        "monitor", "--since", "2013-04-01", "--until", "2013-05-01", "--fail-on", "drift", code=3
    )


def test_what_was_logged_is_scored_as_it_was_predicted(played: Run, root: Path) -> None:
    champion = said(played("status", "--json"))["champion"]["version"]
    exported = root / "log.parquet"
    asked = ("--since", "2013-04-01", "--version", champion)
    played("log", "export", "--to", str(exported), *asked)
    log = pyarrow.parquet.read_table(exported)
    logged = log.filter(pa.compute.equal(log["model_version"], champion)).sort_by("parcel no.")
    assert {*logged["prediction_id"].to_pylist()} == {*log["prediction_id"].to_pylist()}
    pyarrow.parquet.write_table(logged.select(request_columns(root)), root / "rows.parquet")
    played("score", str(root / "rows.parquet"), str(root / "scored.parquet"))
    scored = pyarrow.parquet.read_table(root / "scored.parquet").sort_by("parcel no.")
    assert len(scored) == len(logged) > 50
    assert set(scored["model_version"].to_pylist()) == {champion}
    online = [json.loads(prediction) for prediction in logged["prediction"].to_pylist()]
    assert scored["prediction"].to_pylist() == online


def test_the_log_is_exported_as_csv_as_well(played: Run, root: Path) -> None:
    for name in ("log.csv", "all.parquet"):
        played("log", "export", "--to", str(root / name))
    text = pyarrow.csv.read_csv(root / "log.csv")
    table = pyarrow.parquet.read_table(root / "all.parquet")
    assert text.column_names == table.column_names
    for name in ("prediction_id", "event_time", "weight (kg)"):
        assert text[name].to_pylist() == table[name].to_pylist()
    probabilities = [value and json.loads(value) for value in text["probabilities"].to_pylist()]
    assert probabilities == table["probabilities"].to_pylist()
    refused = played("log", "export", "--to", str(root / "log.txt"), code=2)
    assert "expected a name in .csv or .parquet" in refused.stderr


def request_columns(root: Path) -> list[str]:
    return [column.name for column in load_settings(root).contract().inputs]


def test_labels_arrive_as_a_file(played: Run, root: Path) -> None:
    exported = root / "late.parquet"
    played("log", "export", "--to", str(exported), "--since", "2013-04-30")
    log = pyarrow.parquet.read_table(exported)
    waiting = log.filter(pa.compute.is_null(log["label"]))["prediction_id"].unique()
    assert len(waiting)
    table = pa.table({"prediction_id": waiting, "label": ["true"] * len(waiting)})
    pyarrow.csv.write_csv(table, root / "labels.csv")
    assert f"{len(waiting)} joined" in played("label", str(root / "labels.csv")).output
    assert f"{len(waiting)} repeated" in played("label", str(root / "labels.csv")).output


def test_a_wrong_label_stores_nothing(played: Run, root: Path) -> None:
    table = pa.table({"prediction_id": ["a", "b"], "label": ["true", "perhaps"]})
    pyarrow.csv.write_csv(table, root / "wrong.csv")
    result = played("label", str(root / "wrong.csv"), code=2)
    assert "wrong.csv, line 3" in result.stderr and "perhaps" in result.stderr


def test_a_person_may_decide_at_any_moment(played: Run) -> None:
    champion = said(played("status", "--json"))["champion"]["version"]
    other = "1" if champion != "1" else "2"
    played("promote", other, "--reason", "to see it work")
    assert said(played("status", "--json"))["champion"]["version"] == other
    played("rollback")
    assert said(played("status", "--json"))["champion"]["version"] == champion
    assert "to see it work" in played("loop", "history").output


def test_the_loop_notices_what_a_person_decided(played: Run) -> None:
    champion = said(played("status", "--json"))["champion"]["version"]
    other = "1" if champion != "1" else "2"
    played("promote", other, "--reason", "to see it noticed")
    status = said(played("status", "--json"))
    assert (status["champion"]["version"], status["previous"]["version"]) == (other, champion)
    assert f"version {other}" in played("confirm").output
    assert "on no probation" not in played("confirm").output
    played("challenge", champion)
    played("reject", champion)
    played("rollback")
    assert said(played("status", "--json"))["champion"]["version"] == champion


def test_a_paused_loop_does_nothing_until_it_is_resumed(played: Run) -> None:
    assert "pause" in played("loop", "pause", "--reason", "holidays").output
    assert "paused already" in played("loop", "pause").output
    assert said(played("status", "--json"))["loop"]["state"] == "paused"
    answer = said(played("loop", "step", "--json"))
    assert answer["entries"] == [] and "loop resume" in answer["idle"]
    assert "loop resume" in played("loop", "step").output
    assert "resume" in played("loop", "resume").output
    assert "not paused" in played("loop", "resume").output
    assert "holidays" in played("loop", "history").output


def test_an_unknown_version_is_refused(played: Run) -> None:
    assert "no version 99" in played("promote", "99", code=2).stderr


def test_the_doctor_finds_a_damaged_bundle(played: Run, root: Path) -> None:
    assert "BAD" not in played("doctor").output
    champion = said(played("status", "--json"))["champion"]["version"]
    model = root / "var/bundles" / champion / "model.onnx"
    content = model.read_bytes()
    model.write_bytes(content[:-1])
    runs = root / "var/mlflow-artifacts"
    try:
        runs.rename(runs.with_name("away"))
        checks = said(played("doctor", "--json", code=3))["checks"]
        runs.with_name("away").rename(runs)
        assert f"version {champion} was damaged" in played("doctor").output
        assert model.read_bytes() == content
    finally:
        model.write_bytes(content)
    assert [check["name"] for check in checks if not check["passed"]] == ["bundles"]
