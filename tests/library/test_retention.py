"""What leaves the prediction log because it is old."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from mlops_loop._audit_log import AuditEvent
from mlops_loop._clock import ManualClock
from mlops_loop._project import Project
from mlops_loop._publication import Rollout as Published
from mlops_loop._retention import Pruned, prune
from mlops_loop._settings import Settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.prediction_log import Label, Output, Record

from .projects import cli, project_in

NOW = datetime(2013, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def project(shop_settings: Settings) -> Iterator[Project]:
    monitoring = shop_settings.monitoring.model_copy(update={"window": 7 * DAY})
    settings = shop_settings.model_copy(update={"monitoring": monitoring})
    with closing(project_in(settings.root, ManualClock(NOW), settings=settings)) as project:
        yield project


def log(project: Project, **ages: timedelta) -> None:
    """Predictions of these ages, two of an age: one with a label."""
    for name, age in ages.items():
        columns = {**example_row(project.contract), "customer": name}
        outputs = (Output("1", "champion", True, False, [0.75, 0.25]),)
        at = NOW - age
        digest = project.contract.schema_digest
        records = [
            Record(f"{name}{number}", name, at, at, columns, outputs, digest) for number in range(2)
        ]
        project.log.append(records).result()
        project.log.add_labels([Label(f"{name}0", True, NOW)])


def left(project: Project) -> list[str]:
    return [row.record.prediction_id for row in project.log.rows(None, None)]


def entries(project: Project, kind: str) -> list[AuditEvent]:
    return [entry for entry in project.audit_log.completed() if entry.kind == kind]


def run(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(project.settings.root), "log", *arguments])


def test_what_is_old_goes_and_what_has_a_label_is_archived_first(project: Project) -> None:
    log(project, old=100 * DAY, new=80 * DAY)
    pruned = prune(project, 90 * DAY, actor="me")
    assert pruned.archive is not None
    assert pruned == Pruned(NOW - 90 * DAY, rows=2, archived=1, archive=pruned.archive)
    assert left(project) == ["new0", "new1"]
    archived = pyarrow.parquet.read_table(project.settings.path(pruned.archive)).to_pylist()
    assert [(row["prediction_id"], row["label"]) for row in archived] == [("old0", "true")]
    (entry,) = entries(project, "prune")
    assert (entry.actor, entry.reason) == ("me", pruned.summary())
    assert pruned.archive.as_posix() in entry.reason


def test_rows_of_a_far_future_are_as_old_as_their_arrival(project: Project) -> None:
    digest = project.contract.schema_digest
    end = datetime.max.replace(tzinfo=UTC)
    for name, age in (("old", 100 * DAY), ("new", 80 * DAY)):
        for ahead in (NOW + 300 * DAY, end):
            row = Record(f"{name} {ahead}", None, ahead, NOW - age, {}, (), digest)
            project.log.append([row]).result()
    assert prune(project, 90 * DAY, actor="me").rows == 1
    assert f"old {end}" not in left(project) and len(left(project)) == 3


def test_where_nothing_is_old_nothing_is_written(project: Project) -> None:
    log(project, new=80 * DAY)
    assert prune(project, 90 * DAY, actor="me") == Pruned(NOW - 90 * DAY, rows=0)
    assert not project.settings.path("var/archive").exists()
    assert not entries(project, "prune")


def test_what_monitoring_looks_at_stays(project: Project) -> None:
    log(project, old=15 * DAY, before=13 * DAY, now=timedelta())
    pruned = prune(project, timedelta(), actor="me")
    assert left(project) == ["before0", "before1", "now0", "now1"]
    assert (pruned.until, pruned.needed_by) == (NOW - 14 * DAY, "monitoring")


def test_the_window_whose_labels_are_known_stays(project: Project) -> None:
    project.contract = project.contract.model_copy(update={"label_horizon": 30 * DAY})
    log(project, old=38 * DAY, judged=36 * DAY, waiting=29 * DAY)
    pruned = prune(project, 20 * DAY, actor="me")
    assert left(project) == ["judged0", "judged1", "waiting0", "waiting1"]
    assert (pruned.until, pruned.needed_by) == (NOW - 37 * DAY, "labels and performance")


def test_deleted_rows_of_another_target_are_counted(project: Project) -> None:
    log(project, old=61 * DAY)
    at = NOW - 61 * DAY
    project.log.append([Record("other", None, at, at, {}, (), "other schema")]).result()
    pruned = prune(project, 20 * DAY, actor="me")
    assert (pruned.rows, pruned.archived, pruned.other_schemas) == (3, 1, 1)
    assert "deleted, 1 of them of another target or other inputs, 1 labelled" in pruned.summary()


@pytest.mark.parametrize("probation", [False, True])
def test_what_a_trial_is_judged_on_stays(project: Project, probation: bool) -> None:
    log(project, old=61 * DAY, tried=59 * DAY)
    key = project.rollout_key
    entry = Published(champion="1", challenger="2", probation=probation)
    project.bundles.set_rollout(key, entry)
    assert prune(project, 20 * DAY, actor="me").rows == 0  # the journal is gone
    details = {"version": "2", "rollout": key}
    project.audit_log.append(AuditEvent(NOW - 60 * DAY, "challenge", "me", "by hand", details))
    pruned = prune(project, 20 * DAY, actor="me")
    assert left(project) == ["tried0", "tried1"]
    assert pruned.needed_by == f"the {'probation' if probation else 'trial'} of version 2"
    assert pruned.needed_by in pruned.summary()


def test_the_command_prunes(project: Project) -> None:
    log(project, old=100 * DAY)
    result = run(project, "prune", "--older-than", "90d")
    assert result.exit_code == 0, result.output
    assert "2 predictions before" in result.output
    assert left(project) == []
    assert run(project, "prune", "--older-than", "36525d").exit_code == 0
    too_long = run(project, "prune", "--older-than", "9999999999d")
    assert too_long.exit_code == 2
    assert "'--older-than': duration 9999999999d is too long" in too_long.output
    assert run(project, "prune", "--older-than", "long").exit_code == 2
