import json

import pytest

from mlops_loop._monitoring_status import load_monitoring_status
from mlops_loop.errors import InputError
from mlops_loop.monitoring import monitor_project
from mlops_loop.monitoring._report_files import record_decision
from mlops_loop.monitoring._run import monitor

from ..projects import project_in
from .world import World

ROWS = 600


def test_a_window_like_the_reference_raises_nothing(world: World) -> None:
    world.predict(world.parcels(2))
    found = world.monitor()
    assert found.findings == ()
    assert (found.drift, found.quality, found.performance) == (False, False, "ok")
    assert (found.window.rows, found.window.sampled) == (ROWS, 500)
    assert found.metrics["labelled"] == 500
    compared = {"size", "weight", "colour", "town", "fragile", "prediction"}
    assert set(found.drift_scores) == compared


def test_the_json_is_the_documented_object_and_stands_beside_the_page(world: World) -> None:
    world.predict(world.parcels(2))
    found = world.monitor()
    told = found.to_json()
    window = {"since": "2024-02-10T00:00:00+00:00", "until": "2024-03-01T00:00:00+00:00"}
    assert told == {
        "window": {**window, "rows": ROWS, "sampled": 500},
        "drift": False,
        "quality": False,
        "performance": "ok",
        "statuses": {
            **{"check": "ok", "performance": "ok", "labels": "ok", "drift": "ok"},
            **{"quality": "ok", "early_warning": "ok"},
        },
        "findings": [],
        "report": "var/reports/monitor-20240210T0000-20240301T0000.html",
        "advice": "nothing to do",
    }
    page = world.settings.path(str(found.report))
    assert "town" in page.read_text(encoding="utf-8")
    written = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert told.items() <= written.items()
    assert written["distances"] == found.drift_scores


def test_a_decision_of_the_loop_replaces_the_advice(world: World) -> None:
    world.predict(world.parcels(2))
    report = world.monitor()
    decided = record_decision(world.settings.root, world.contract, report, "drift: retrain")
    saved = load_monitoring_status(world.settings.root, world.contract.target_digest)
    assert saved is not None and saved.messages == decided.messages()
    assert "advice: drift: retrain" in decided.messages()
    path = world.settings.path(str(report.report)).with_suffix(".json")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["advice"], content["distances"]) == ("drift: retrain", report.drift_scores)


def test_the_verdict_is_left_for_the_service(world: World) -> None:
    assert load_monitoring_status(world.settings.root, world.contract.target_digest) is None
    world.predict(world.parcels(2))
    found, left = world.monitor(), load_monitoring_status(
        world.settings.root, world.contract.target_digest
    )
    assert left is not None and left.messages == found.messages()
    assert (left.drift, left.quality, left.performance) == (False, False, "ok")
    assert left.since == "2024-02-10T00:00:00+00:00"


def test_an_empty_window_is_answered(world: World) -> None:
    world.predict(world.parcels(3, until=world.now - world.span))
    found = world.monitor()
    assert found.window.rows == 0
    assert [finding.statistic for finding in found.findings] == ["rows"]


def test_a_window_without_rows_is_unknown_and_says_where_the_rows_are(world: World) -> None:
    world.predict(world.parcels(3, until=world.now - 4 * world.span))
    first, last = (
        f"{row.record.event_time:%Y-%m-%d}" for row in (*world.log.rows(None, None),)[:: ROWS - 1]
    )
    found = world.monitor()
    assert found.messages()[1].startswith("drift: unknown; quality: unknown; performance: unknown")
    assert found.statuses["labels"] == "unknown"
    assert (
        f"the log has 600 predictions of {first} to {last}: see --since and --until" in found.notes
    )
    assert found.advice == "nothing to do so far: there are no predictions in this window"


def test_rows_of_another_version_are_not_named(world: World) -> None:
    world.predict(world.parcels(3, until=world.now - 4 * world.span), version="2")
    notes = world.monitor(version_only=True).notes
    assert not any("--since" in note for note in notes)


def test_an_empty_log_and_a_missing_champion_say_what_to_do(world: World) -> None:
    empty = world.monitor()
    assert (empty.findings, empty.performance, empty.report) == ((), "unknown", None)
    assert "the prediction log is empty" in empty.notes[0]
    world.predict(world.parcels(2))
    alone = monitor(world.settings, world.contract, log=world.log, bundle=None, clock=world.clock)
    assert (alone.findings, alone.performance, alone.report) == ((), "unknown", None)
    assert "there is no champion to compare with" in alone.messages()[2]
    assert "quality: unknown" in alone.messages()[1]


def test_a_fresh_project_is_told_that_there_is_no_champion(world: World) -> None:
    project = project_in(world.settings.root, world.clock)
    found = monitor_project(project, until=world.now)
    project.close()
    assert found.window.rows == 0
    assert "there is no champion to compare with" in found.notes[0]


def test_a_window_that_ends_before_it_begins_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="swap"):
        monitor(
            world.settings,
            world.contract,
            log=world.log,
            bundle=world.bundle,
            since=world.now,
            until=world.now - world.span,
            clock=world.clock,
        )
