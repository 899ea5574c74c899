"""A table with one row a day, from its adoption to a change that the loop learns."""

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flights.cli import load_pipeline

from mlops_loop._loop_replay import ProgressListener, replay_year
from mlops_loop.monitoring import MonitoringPlan, check_performance

from ..places import FLIGHTS
from ..projects import cli, project_in

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS, CHANGED = 270, 140
# What a machine adds to the measurement; from the change on, only the new one is used.
ADDED = {"old": 0, "spare": -2, "new": 12}


def write_table(path: Path) -> None:
    rng = random.Random(3)
    lines = ["day,x,machine,y"]
    for number in range(DAYS):
        machine = "new" if number >= CHANGED else rng.choice(["old", "spare"])
        x = rng.gauss(0, 1)
        y = 3 * x + ADDED[machine] + rng.gauss(0, 0.5)
        lines.append(f"{START + timedelta(days=number):%Y-%m-%d},{x:.3f},{machine},{y:.3f}")
    path.write_text("\n".join(lines), encoding="utf-8")


def test_a_change_is_noticed_and_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FLIGHTS / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "in.csv")
    adopted = CliRunner().invoke(cli, ["adopt", "in.csv", "--target", "y", "--time", "day"])
    assert adopted.exit_code == 0, adopted.output
    assert "1 row a day, labels after 1d" in adopted.output
    config = tmp_path / "config/project.yaml"
    text = config.read_text(encoding="utf-8").replace("growth: 0.5", "growth: null")
    config.write_text(text, encoding="utf-8")

    project, told = project_in(tmp_path), list[str]()
    plan = MonitoringPlan(checks=[check_performance])
    replay_year(project, load_pipeline, plan, ProgressListener(told.append), fresh=True)
    entries = list(project.audit_log.completed())
    kinds = [entry.kind for entry in entries]
    assert kinds[:5] == ["retrain", "promote", "retrain", "challenge", "promote"], told
    assert "performance is worse: rmse is" in entries[2].reason
    learned = entries[4].time - (START + timedelta(days=CHANGED))
    assert learned < 2 * project.settings.monitoring.window
    assert project.published().champion == "2"
