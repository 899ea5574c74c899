"""What a project composes in its `monitoring.py`, through the commands that use it."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from flights.cli import load_pipeline
from flights.monitoring import MONITORING, check_constant_predictions

from mlops_loop import Composition
from mlops_loop._clock import ManualClock
from mlops_loop._project import Project
from mlops_loop.cli import command_line
from mlops_loop.contract._arrow import from_arrow
from mlops_loop.contract._columns import take, to_rows
from mlops_loop.errors import SettingsError
from mlops_loop.monitoring import (
    Alert,
    CheckResult,
    Finding,
    Incident,
    MonitoringPlan,
    MonitoringReport,
    MonitoringWindow,
    Window,
    run_evidently,
)
from mlops_loop.prediction_log import Output, Record

from ..projects import project_in
from .listeners import Hook

SINCE, UNTIL = datetime(2013, 3, 1, tzinfo=UTC), datetime(2013, 3, 31, tzinfo=UTC)
VOLUME = Finding("volume", "too few predictions", "critical")


@pytest.fixture(scope="module")
def used(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a champion that answered False for 300 rows of March; to copy."""
    root = tmp_path_factory.mktemp("used") / "project"
    shutil.copytree(trained.project.root, root)
    project = project_in(root)
    with closing(project):
        log_predictions(project)
    return root


def log_predictions(project: Project) -> None:
    contract, champion = project.contract, project.published().champion
    assert champion is not None and contract.time is not None
    columns = from_arrow(contract, pyarrow.parquet.read_table(project.root / "parcels.parquet"))
    times = columns[contract.time.name]
    in_march = (times >= times.dtype.type("2013-03-01")) & (times < times.dtype.type("2013-03-31"))
    rows = to_rows(contract.inputs, take(columns, in_march.nonzero()[0][::8]))
    records = []
    for number, row in enumerate(rows):
        moment = datetime.fromisoformat(str(row[contract.time.name]))
        output = Output(champion, "champion", True, False, [0.9, 0.1])
        outputs, digest = (output,), contract.schema_digest
        records.append(Record(f"p{number}", None, moment, moment, row, outputs, digest))
    project.log.append(records).result()


Run = Callable[..., Any]


@pytest.fixture
def run(used: Path, tmp_path: Path) -> Iterator[Run]:
    """Runs a command of the project with a monitoring of its own."""
    root = shutil.copytree(used, tmp_path / "project")
    project = project_in(root, ManualClock(UNTIL))

    def invoke(plan: MonitoringPlan, *arguments: str, code: int = 0) -> Any:
        cli: click.Group = command_line(lambda: Composition(project, load_pipeline, lambda: plan))
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        assert result.exit_code == code, (result.output, result.exception)
        return json.loads(result.stdout)

    invoke.root = root  # type: ignore[attr-defined]
    yield invoke
    project.close()


def check_volume(window: MonitoringWindow) -> list[Finding]:
    return [VOLUME]


def check_nothing(window: MonitoringWindow) -> list[Finding]:
    return []


def test_the_file_of_a_rendered_project_works_as_it_is(
    run: Run, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER_URL", hook.url)
    report = run(MONITORING, "monitor", "--alert")
    assert {*report["statuses"]} == {
        *("check", "performance", "labels", "drift", "quality", "early_warning"),
        *("evidently", "predictions"),
    }
    assert report["statuses"]["check"] == "ok" and report["statuses"]["evidently"] == "ok"
    own = [finding for finding in report["findings"] if finding["kind"] == "predictions"]
    assert [(one["text"], one["severity"], one["rows"]) for one in own] == [
        ("100.0% of the predictions are the same", "critical", 300)
    ]
    page = Path(report["report"]).with_suffix("").name + "-evidently.html"
    assert (run.root / "var/reports" / page).is_file()  # type: ignore[attr-defined]
    sent = [body for _, body in hook.heard]
    assert any("100.0% of the predictions are the same" in str(body) for body in sent)


def test_a_check_sees_the_window_its_reference_and_labels(run: Run) -> None:
    seen: dict[str, set[str]] = {}

    def look(window: MonitoringWindow) -> list[Finding]:
        frames = {"current": window.current, "reference": window.reference}
        seen.update({name: {*frame.columns} for name, frame in frames.items()})
        assert len(window.current) == 300 and (window.current["prediction"] == False).all()  # noqa
        assert {*window.reference["prediction"]} == {True, False}
        assert {*window.reference["arrives late"]} == {True, False}
        assert len(window.labelled) == 0 and "arrives late" in window.labelled
        return []

    assert run(MonitoringPlan(checks=[look]), "monitor")["statuses"] == {"check": "ok"}
    outputs = {"prediction", "probability_false", "probability_true"}
    assert outputs | {"way (km)", "gift?"} <= seen["current"]
    assert seen["reference"] == seen["current"] - {"parcel no."} | {"arrives late"}


def test_a_failed_test_of_evidently_is_a_finding(run: Run) -> None:
    def check_rows(window: MonitoringWindow) -> CheckResult:
        from evidently.metrics import RowCount
        from evidently.tests import gte

        return run_evidently(window, [RowCount(tests=[gte(10**6)])], kind="rows")

    report = run(MonitoringPlan(checks=[check_rows]), "monitor", "--no-page")
    (finding,) = report["findings"]
    assert (finding["kind"], report["statuses"]["rows"]) == ("rows", "failed")
    assert "300" in finding["text"]


def test_a_check_that_fails_is_a_finding_and_the_others_run(run: Run) -> None:
    def broken(window: MonitoringWindow) -> list[Finding]:
        raise KeyError("price")

    def forgetful(window: MonitoringWindow) -> None:
        check_volume(window)

    plan = MonitoringPlan(checks=[broken, forgetful, check_volume])  # type: ignore[list-item]
    first, second, third = run(plan, "monitor", code=1)["findings"]
    assert first["kind"] == second["kind"] == "check"
    assert re.fullmatch(
        r"the check broken in test_plan.py failed in line \d+: KeyError: 'price'", first["text"]
    )
    assert second["text"] == (
        "the check forgetful in test_plan.py returned NoneType: expected a CheckResult or a list of"
        " findings"
    )
    assert third["text"] == "too few predictions"
    incomplete = MonitoringReport(Window(SINCE, UNTIL, 1, 1), {"check": "failed"})
    assert "checks: failed" in incomplete.messages()[1]


def test_predictions_of_a_rare_class_are_not_constant() -> None:
    scores = np.linspace(0.01, 0.4, 300)
    frame = pd.DataFrame({"probability_true": scores, "prediction": [False] * 300})
    window: Any = SimpleNamespace(current=frame)
    assert check_constant_predictions(window) == []
    window.current = frame.assign(probability_true=0.1)
    (finding,) = check_constant_predictions(window)
    assert finding.text == "100.0% of the predictions are the same"
    window.current = frame[:0]
    assert check_constant_predictions(window) == []


def test_a_step_carries_out_the_actions_of_the_project(run: Run) -> None:
    incidents: list[Incident] = []
    alerts: list[Alert] = []

    def open_ticket(incident: Incident) -> None:
        incidents.append(incident)

    plan = MonitoringPlan(
        checks=[check_volume], actions={"volume": open_ticket}, receivers=[alerts.append]
    )
    # The loop may retrain afterwards, as the history has grown.
    entry, *_ = run(plan, "loop", "step")["entries"]
    assert (entry["kind"], entry["reason"]) == ("action", "too few predictions: open_ticket")
    assert [one.findings for one in incidents] == [(replace(VOLUME, rows=300),)] and alerts == []


def test_a_step_alerts_the_receivers_of_the_project_once(run: Run) -> None:
    alerts: list[Alert] = []
    plan = MonitoringPlan(checks=[check_volume], receivers=[alerts.append])
    # The loop may retrain afterwards, as the history has grown.
    entry, *_ = run(plan, "loop", "step")["entries"]
    assert (entry["kind"], entry["reason"]) == ("alert", "too few predictions")
    window = "2013-03-01 00:00 to 2013-03-31 00:00"
    expected = f"{window}: too few predictions; decision: alert only"
    assert [alert.title for alert in alerts] == [f"Late Flights: {expected}"]
    run(plan, "monitor", "--alert")
    assert len(alerts) == 1
    calm = MonitoringPlan(checks=[check_nothing], receivers=[alerts.append])
    run(calm, "monitor", "--alert")
    over = f"Late Flights: over (it began 2013-03-31 00:00): {window}: too few predictions"
    assert alerts[-1].text.startswith(over)


def test_an_alert_can_be_sent_by_hand(used: Path) -> None:
    """E.g. by an orchestrator, about a task that has failed."""
    alerts: list[Alert] = []
    plan = MonitoringPlan(receivers=[alerts.append])
    cli = command_line(lambda: Composition(project_in(used), load_pipeline, lambda: plan))
    assert CliRunner().invoke(cli, ["alert", "task fit failed"]).exit_code == 0
    assert [alert.text for alert in alerts] == ["Late Flights: task fit failed"]


def test_an_alert_that_a_receiver_did_not_take_is_sent_with_the_next_step(run: Run) -> None:
    alerts: list[Alert] = []

    def unavailable(alert: Alert) -> None:
        raise OSError("unavailable")

    def available(alert: Alert) -> None:
        alerts.append(alert)

    available.__name__ = "unavailable"
    run(MonitoringPlan(checks=[check_volume], receivers=[unavailable]), "loop", "step")
    run(MonitoringPlan(checks=[check_volume], receivers=[available]), "loop", "step")
    assert ["too few predictions" in alert.title for alert in alerts] == [True]


def test_an_alert_by_hand_is_preceded_by_those_that_were_not_taken(used: Path) -> None:
    """With a DAG alone, no other command would send them again."""
    alerts: list[str] = []

    def unavailable(alert: Alert) -> None:
        raise OSError("unavailable")

    def available(alert: Alert) -> None:
        alerts.append(alert.text)

    available.__name__ = "unavailable"
    for receiver, text in ((unavailable, "fit failed"), (available, "register failed")):
        plan = MonitoringPlan(receivers=[receiver])
        cli = command_line(lambda: Composition(project_in(used), load_pipeline, lambda: plan))
        assert CliRunner().invoke(cli, ["alert", text]).exit_code == 0
    assert alerts == ["Late Flights: fit failed", "Late Flights: register failed"]


def test_a_plan_with_a_mistake_says_which() -> None:
    with pytest.raises(SettingsError, match="invalid action 'page' for drift: expected advise"):
        MonitoringPlan(actions={"drift": "page"})  # type: ignore[dict-item]
    with pytest.raises(SettingsError, match="two receivers are named print"):
        MonitoringPlan(receivers=[print, print])
