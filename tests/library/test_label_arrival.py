"""The doctor warns where the settings ask for more labels than arrive."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from mlops_loop._clock import ManualClock
from mlops_loop._doctor.label_arrival import (
    LabelCoverage,
    LabelRate,
    label_coverage,
    label_rate,
    label_warnings,
)
from mlops_loop._doctor.project_checks import examine
from mlops_loop._project import Project
from mlops_loop._settings import Settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.prediction_log import Counts, Label, Output, Record

from .projects import cli, project_in

NOW = datetime(2013, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def project(shop_settings: Settings) -> Iterator[Project]:
    window = {"window": 10 * DAY, "min_labels": 50}
    monitoring = shop_settings.monitoring.model_copy(update=window)
    trial = {"max_duration": 20 * DAY, "probation": 0 * DAY, "min_labels": 60}
    challenge = shop_settings.challenge.model_copy(update=trial)
    update = {"monitoring": monitoring, "challenge": challenge}
    settings = shop_settings.model_copy(update=update)
    with closing(project_in(settings.root, ManualClock(NOW), settings=settings)) as project:
        yield project


def log(project: Project, days: int, a_day: int, labelled: float) -> None:
    columns = example_row(project.contract)
    outputs = (Output("1", "champion", True, False, [0.75, 0.25]),)
    digest = project.contract.schema_digest
    times = [NOW - DAY * (row + 1) / a_day for row in range(days * a_day)]
    records = [
        Record(f"{row}", None, at, at, columns, outputs, digest) for row, at in enumerate(times)
    ]
    project.log.append(records).result()
    every = round(1 / labelled)
    project.log.add_labels([Label(f"{row}", True, NOW) for row in range(0, len(times), every)])


def warnings(project: Project) -> list[str]:
    return [check.finding for check in examine(project) if check.warning]


def test_labels_that_arrive_in_time_are_no_warning(project: Project) -> None:
    log(project, days=30, a_day=8, labelled=1)
    assert warnings(project) == []


def test_a_window_with_too_few_labels_is_named_with_the_remedy(project: Project) -> None:
    log(project, days=30, a_day=8, labelled=0.5)
    (text,) = warnings(project)
    assert "performance will stay unknown: about 40 labels are expected" in text
    assert "monitoring.window (10d) at 8 predictions a day, of which 50% get a label" in text
    assert "set monitoring.window to 13d or longer, or monitoring.min_labels to at most 40" in text


def test_a_trial_with_too_few_labels_is_named(project: Project) -> None:
    log(project, days=30, a_day=2, labelled=1)
    window, trial = warnings(project)
    assert "monitoring.min_labels is 50" in window
    assert "challenge.max_duration (20d)" in trial and "challenge.min_labels is 60" in trial
    assert "set challenge.max_duration to 30d or longer" in trial


@pytest.mark.parametrize("days", [0, 2])
def test_a_log_that_has_just_begun_says_nothing(project: Project, days: int) -> None:
    log(project, days=days, a_day=1, labelled=1)
    assert warnings(project) == []


def test_the_share_with_a_label_is_that_of_mature_rows(project: Project) -> None:
    contract = project.contract.model_copy(update={"label_horizon": 20 * DAY})
    log(project, days=30, a_day=4, labelled=1)
    rate = label_rate(project.settings, contract, project.log, NOW)
    assert rate == LabelRate(pytest.approx(4), 1.0)
    longer = project.contract.model_copy(update={"label_horizon": 60 * DAY})
    assert label_rate(project.settings, longer, project.log, NOW) == rate


def test_without_labels_the_remedy_is_to_submit_them(project: Project) -> None:
    texts = list(label_warnings(project.settings, LabelRate(100, 0.0)))
    assert all("submit labels" in text for text in texts) and texts


def test_only_a_trial_needs_labels_for_a_trial(project: Project) -> None:
    loop = project.settings.loop.model_copy(update={"promotion": "gate"})
    settings = project.settings.model_copy(update={"loop": loop})
    (text,) = label_warnings(settings, LabelRate(1, 1.0))
    assert "monitoring.window" in text


def test_a_warning_does_not_fail_the_command(project: Project) -> None:
    log(project, days=30, a_day=2, labelled=1)
    checks = [check for check in examine(project) if check.warning]
    assert all(check.passed and check.summary().startswith("WARN labels ") for check in checks)
    result = CliRunner().invoke(cli, ["--root", str(project.settings.root), "doctor", "--json"])
    assert all("warning" in check for check in json.loads(result.output)["checks"])


def test_the_command_counts_the_labels_that_should_have_arrived(project: Project) -> None:
    """For a sensor that waits for late ones."""

    def coverage() -> LabelCoverage:
        return label_coverage(project.settings, project.contract, project.log, NOW)

    assert coverage().share == 1  # nothing to wait for
    log(project, days=30, a_day=4, labelled=0.5)
    assert (coverage().counts, coverage().share) == (Counts(40, 20), 0.5)
    assert coverage().summary().endswith("20 of 40 predictions have a label (50%)")
    root = str(project.settings.root)
    result = CliRunner().invoke(cli, ["--root", root, "log", "labels", "--json"])
    assert (json.loads(result.stdout)["share"], result.exit_code) == (1, 0)  # none in this year
