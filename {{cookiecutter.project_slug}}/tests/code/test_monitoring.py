import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.package_name }}.bundle import (
    CONTRACT,
    ENCODER,
    MODEL,
    REFERENCE,
    Bundle,
    Manifest,
    write_bundle,
)
from {{ cookiecutter.package_name }}.clock import ManualClock
from {{ cookiecutter.package_name }}.contract.arrow import to_arrow
from {{ cookiecutter.package_name }}.contract.columns import Columns, take, to_rows
from {{ cookiecutter.package_name }}.contract.model import parse_contract
from {{ cookiecutter.package_name }}.encoder import Encoder
from {{ cookiecutter.package_name }}.errors import InputError
from {{ cookiecutter.package_name }}.feature_set import FeatureColumn
from {{ cookiecutter.package_name }}.monitoring import Monitoring, monitor_project
from {{ cookiecutter.package_name }}.monitoring.pairs import Pair
from {{ cookiecutter.package_name }}.monitoring.run import monitor
from {{ cookiecutter.package_name }}.monitoring.samples import Sample
from {{ cookiecutter.package_name }}.prediction_log import (
    Label,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
)
from {{ cookiecutter.package_name }}.project import open_project
from {{ cookiecutter.package_name }}.settings import Settings, load_settings
from {{ cookiecutter.package_name }}.verdict import last_verdict

NOW = datetime(2024, 3, 1, tzinfo=UTC)
WINDOW = timedelta(days=20)
ROWS = 600

PARCELS = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  parcel: {type: text, role: id}
  sent: {type: datetime, role: time}
  size: {type: number, range: {minimum: -50, maximum: 50, otherwise: warn}}
  weight: {type: number, nullable: true}
  colour: {type: category, categories: {values: [red, green, blue], otherwise: warn}}
  town: {type: category}
  fragile: {type: boolean}
  late: {type: boolean, role: target}
""")

Change = Callable[[Columns], None]


def parcels(seed: int, rows: int = ROWS, until: datetime = NOW) -> Columns:
    """Parcels sent evenly over a window; the larger, the likelier they are late."""
    rng = np.random.default_rng(seed)
    end = np.datetime64(until.replace(tzinfo=None), "us")
    steps = np.linspace(0, 1, rows, endpoint=False)
    columns: Columns = {
        "parcel": np.array([f"{seed}-{row}" for row in range(rows)], dtype=object),
        "sent": end - (WINDOW.total_seconds() * 1e6 * (1 - steps)).astype("timedelta64[us]"),
        "size": rng.normal(size=rows),
        "weight": np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 1, rows)),
        "colour": rng.choice(np.array(["red", "green", "blue"], dtype=object), rows),
        "town": rng.choice(np.array([f"town {n}" for n in range(40)], dtype=object), rows),
        "fragile": (rng.random(rows) < 0.2).astype(np.float64),
    }
    columns["late"] = (rng.random(rows) < chance(columns)).astype(np.float64)
    return columns


def chance(columns: Columns) -> np.ndarray:
    """What the champion says, and what is true."""
    return 1 / (1 + np.exp(-1.5 * np.nan_to_num(columns["size"]) + 1))


def make_bundle(folder: Path) -> Bundle:
    held_out = parcels(1)
    late = chance(held_out)
    table = to_arrow(PARCELS, held_out)
    for name, values in {"probability_false": 1 - late, "probability_true": late}.items():
        table = table.append_column(name, pa.array(values))
    reference = io.BytesIO()
    pq.write_table(table, reference)
    specs = [FeatureColumn(spec.name, spec.type) for spec in PARCELS.features]
    manifest = Manifest(
        version="1",
        run_id="run",
        problem="binary",
        classes=PARCELS.classes,
        created=NOW.isoformat(),
        features_digest="features",
        contract_digest=PARCELS.digest,
        snapshot="snapshot",
    )
    files = {
        MODEL: b"",
        ENCODER: Encoder.fit(specs, held_out).to_json().encode(),
        CONTRACT: PARCELS.text.encode(),
        REFERENCE: reference.getvalue(),
    }
    return write_bundle(folder, manifest, files)


@dataclass
class World:
    """A project with a champion and an empty log, one day after the window's end."""

    settings: Settings
    log: PredictionLog
    bundle: Bundle
    clock: ManualClock

    def predict(self, columns: Columns, *, version: str = "1", labelled: bool = True) -> None:
        late = chance(columns)
        records = [
            Record(
                str(row["parcel"]),
                None,
                datetime.fromisoformat(str(row["sent"])),
                datetime.fromisoformat(str(row["sent"])),
                row,
                (Output(version, "champion", True, bool(p > 0.5), [1 - p, p]),),
            )
            for row, p in zip(to_rows(PARCELS.inputs, columns), late.tolist(), strict=True)
        ]
        self.log.append(records).result()
        if labelled:
            outcomes = zip(records, columns["late"].tolist(), strict=True)
            self.log.add_labels([Label(r.prediction_id, bool(y), NOW) for r, y in outcomes])

    def monitor(self, bundle: Bundle | None = None) -> Monitoring:
        return monitor(
            self.settings,
            PARCELS,
            log=self.log,
            bundle=bundle or self.bundle,
            until=NOW,
            clock=self.clock,
        )

    def monitor_changed(self, change: Change) -> Monitoring:
        columns = parcels(2)
        change(columns)
        self.predict(columns)
        return self.monitor()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    shutil.copytree(Path(__file__).parents[2] / "config", tmp_path / "config")
    thresholds = {
        "window": WINDOW,
        "sample_rows": 500,
        "drift_threshold": 0.1,
        "drift_share": 0.3,
        "min_labels": 200,
        "performance_margin": 0.01,
        "max_violation_share": 0.02,
    }
    settings = load_settings(tmp_path, monitoring=thresholds, training={"metric": "log_loss"})
    log = open_prediction_log("sqlite:///log.db", root=tmp_path)
    bundle = make_bundle(tmp_path / "bundle")
    yield World(settings, log, bundle, ManualClock(NOW + timedelta(days=1)))
    log.close()


def columns_of(found: Monitoring, kind: str) -> set[str | None]:
    return {finding.column for finding in found.findings if finding.kind == kind}


def test_a_window_like_the_reference_raises_nothing(world: World) -> None:
    world.predict(parcels(2))
    found = world.monitor()
    assert found.findings == ()
    assert (found.drift, found.quality, found.performance) == (False, False, "ok")
    assert (found.window.rows, found.window.sampled) == (ROWS, 500)
    assert found.figures["labelled"] == 500
    compared = {"size", "weight", "colour", "town", "fragile", "prediction"}
    assert set(found.drift_scores) == compared


def test_the_json_is_the_documented_object_and_stands_beside_the_page(world: World) -> None:
    world.predict(parcels(2))
    found = world.monitor()
    told = found.to_json()
    window = {"since": "2024-02-10T00:00:00+00:00", "until": "2024-03-01T00:00:00+00:00"}
    assert told == {
        "window": {**window, "rows": ROWS, "sampled": 500},
        "drift": False,
        "quality": False,
        "performance": "ok",
        "findings": [],
        "report": "var/reports/monitor-20240210T0000-20240301T0000.html",
    }
    page = world.settings.path(str(found.report))
    assert "town" in page.read_text(encoding="utf-8")
    written = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert told.items() <= written.items()
    assert written["distances"] == found.drift_scores


def test_the_verdict_is_left_for_the_service(world: World) -> None:
    assert last_verdict(world.settings.root) is None
    world.predict(parcels(2))
    found, left = world.monitor(), last_verdict(world.settings.root)
    assert left is not None and left.sentences == found.sentences()
    assert (left.drift, left.quality, left.performance) == (False, False, "ok")
    assert left.since == "2024-02-10T00:00:00+00:00"


def test_a_shifted_column_is_named_but_does_not_alone_make_the_window_drift(world: World) -> None:
    def shift(columns: Columns) -> None:
        columns["weight"] += 1

    found = world.monitor_changed(shift)
    assert not found.drift
    assert columns_of(found, "drift") == {"weight"}
    assert found.performance == "ok"
    assert "weight drifted by" in found.findings[0].sentence()


def test_enough_drifted_columns_make_the_window_drift(world: World) -> None:
    def move(columns: Columns) -> None:
        columns["weight"] += 1
        columns["size"] += 1
        columns["colour"][:] = "red"

    found = world.monitor_changed(move)
    assert found.drift
    assert columns_of(found, "drift") == {None, "weight", "size", "colour", "prediction"}
    assert found.findings[1].statistic == "drifted_share"
    assert found.findings[1].to_json() == {
        "kind": "drift",
        "column": None,
        "statistic": "drifted_share",
        "value": pytest.approx(3 / 5),
        "threshold": 0.3,
        "severity": "critical",
    }


def test_values_that_training_never_saw_are_a_matter_of_quality(world: World) -> None:
    def rename(columns: Columns) -> None:
        columns["town"][::10] = "elsewhere"
        columns["colour"][::10] = "violet"

    found = world.monitor_changed(rename)
    assert found.quality
    assert {(f.column, f.statistic) for f in found.findings if f.kind == "quality"} == {
        (None, "violation_share"),
        ("colour", "violation_share"),
        ("town", "unseen_share"),
    }


def test_columns_without_a_value_or_with_only_one_are_survived(world: World) -> None:
    def break_join(columns: Columns) -> None:
        columns["weight"][:] = np.nan
        columns["size"][:] = 0.5
        columns["town"][:] = "town 1"

    found = world.monitor_changed(break_join)
    assert columns_of(found, "quality") == {"weight"}
    assert {"size", "town"} <= columns_of(found, "drift")
    assert any("weight has no values" in note for note in found.notes)


def test_a_changed_concept_is_found_where_no_input_moved(world: World) -> None:
    def turn(columns: Columns) -> None:
        columns["late"] = 1 - columns["late"]

    found = world.monitor_changed(turn)
    assert (found.drift, found.quality, found.performance) == (False, False, "worse")
    assert [finding.kind for finding in found.findings] == ["performance"]
    assert found.findings[0].value > found.findings[0].threshold


def test_few_labels_leave_performance_unknown_and_say_how_many_are_missing(world: World) -> None:
    columns = parcels(2)
    world.predict(columns, labelled=False)
    world.log.add_labels([Label(str(name), True, NOW) for name in columns["parcel"][:150]])
    found = world.monitor()
    assert found.performance == "unknown"
    assert any("200 labelled rows are needed, there are 150; 450 of 600" in n for n in found.notes)


def test_rows_younger_than_the_horizon_do_not_count(world: World) -> None:
    world.predict(parcels(2))
    world.clock.set(NOW - WINDOW + timedelta(days=1))
    found = world.monitor()
    assert found.performance == "unknown"
    assert any("old enough" in note for note in found.notes)


def test_answers_of_another_version_say_nothing_about_the_champion(world: World) -> None:
    world.predict(parcels(2), version="0")
    found = world.monitor()
    assert found.performance == "unknown"
    assert "prediction" not in found.drift_scores
    assert any("answered none" in note for note in found.notes)


def test_less_traffic_and_a_source_gone_silent_are_found(world: World) -> None:
    world.predict(parcels(3, until=NOW - WINDOW))
    columns = parcels(2)
    world.predict(take(columns, np.arange(ROWS // 3)))
    found = world.monitor()
    assert {"rows", "age_hours"} <= {finding.statistic for finding in found.findings}
    assert found.quality
    assert any("only 200 rows came" in sentence for sentence in found.sentences())


def test_a_handful_of_rows_is_not_called_drift(world: World) -> None:
    world.predict(take(parcels(2), np.arange(20)))
    found = world.monitor()
    assert not found.drift
    assert found.report is None
    assert any("too few to speak of drift" in note for note in found.notes)


def test_an_empty_window_is_answered(world: World) -> None:
    world.predict(parcels(3, until=NOW - WINDOW))
    found = world.monitor()
    assert found.window.rows == 0
    assert [finding.statistic for finding in found.findings] == ["rows"]


def test_an_empty_log_and_a_missing_champion_say_what_to_do(world: World) -> None:
    empty = world.monitor()
    assert (empty.findings, empty.performance, empty.report) == ((), "unknown", None)
    assert "the prediction log is empty" in empty.notes[0]
    world.predict(parcels(2))
    alone = monitor(world.settings, PARCELS, log=world.log, bundle=None, clock=world.clock)
    assert (alone.findings, alone.performance, alone.report) == ((), "unknown", None)
    assert "there is no champion yet" in alone.sentences()[2]


def test_a_fresh_project_is_told_that_there_is_no_champion(world: World) -> None:
    project = open_project(world.settings.root, world.clock)
    found = monitor_project(project, until=NOW)
    project.close()
    assert found.window.rows == 0
    assert "there is no champion yet" in found.notes[0]


def test_the_answer_to_several_classes_is_the_likeliest_one() -> None:
    scores = np.array([[0.1, 0.7, 0.2], [np.nan] * 3, [0.5, 0.2, 0.3]])
    answers, numeric = Sample({}, scores).answers()
    assert not numeric
    np.testing.assert_array_equal(answers, [1.0, np.nan, 0.0])


def test_a_window_that_ends_before_it_begins_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="swap"):
        monitor(
            world.settings,
            PARCELS,
            log=world.log,
            bundle=world.bundle,
            since=NOW,
            until=NOW - WINDOW,
            clock=world.clock,
        )


def test_chance_alone_rarely_reaches_the_threshold_of_a_column() -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"town {n}" for n in range(100)], dtype=object)
    crossed = {"numbers": 0, "categories": 0}
    for _ in range(100):
        rows = int(rng.integers(100, 2000))
        first, second = rng.choice(words, 2000), rng.choice(words, rows)
        pair = Pair("town", first, second, numeric=False, allowed=0.0)
        crossed["categories"] += jensen_shannon(first, second) >= pair.threshold
        a, b = rng.normal(size=2000), rng.normal(size=rows)
        pair = Pair("size", a, b, numeric=True, allowed=0.0)
        crossed["numbers"] += wasserstein(a, b) / a.std() >= pair.threshold
    # One in a hundred is meant; more than five would happen once in 2000 such tests.
    assert max(crossed.values()) <= 5, crossed


def jensen_shannon(first: np.ndarray, second: np.ndarray) -> float:
    words = sorted({*first, *second})
    p, q = (np.array([np.mean(side == word) for word in words]) for side in (first, second))
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log(side / middle), 0.0).sum() for side in (p, q)]
    return float(np.sqrt(sum(parts) / 2))


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    both = np.sort(np.concatenate([first, second]))
    shares = [
        np.searchsorted(np.sort(side), both[:-1], "right") / len(side) for side in (first, second)
    ]
    return float(np.sum(np.abs(shares[0] - shares[1]) * np.diff(both)))
