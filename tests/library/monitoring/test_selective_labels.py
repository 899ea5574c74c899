import numpy as np
import pytest

from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.monitoring._samples import Sample
from mlops_loop.monitoring._selective_labels import LabelSelection, select_labels
from mlops_loop.prediction_log import Label

from .world import World, chance

CLASSES = ("a", "b", "c")
TARGETS = {
    "binary": "type: boolean",
    "multiclass": "type: category, categories: {values: [a, b, c]}",
    "regression": "type: number",
}
ROWS, DAYS = 900, 15


def select(
    problem: str, labelled: str, rows: int = ROWS, group: bool = False
) -> LabelSelection | None:
    """Labels of a part of the rows, whose scores follow the day and the group."""
    columns = "  when: {type: datetime, role: time}\n"
    columns += "  shop: {type: category, role: group}\n" if group else ""
    columns += "  y: {" + TARGETS[problem] + ", role: target}\n"
    contract = parse_contract(f"problem: {problem}\nlabel_horizon: 1d\ncolumns:\n{columns}")
    rng = np.random.default_rng(7)
    day, shop = np.arange(rows) * DAYS // rows, rng.integers(0, 20, rows)
    value = rng.normal(size=DAYS)[day] + rng.normal(size=20)[shop] + rng.normal(size=rows)
    masks = {
        "all": np.ones(rows, dtype=bool),
        "none": np.zeros(rows, dtype=bool),
        "at random": rng.random(rows) < 0.3,
        "whole days": (rng.random(DAYS) < 0.3)[day],
        "whole groups": (rng.random(20) < 0.3)[shop],
        "top third": value > np.quantile(value, 2 / 3),
        "middle": np.abs(value - np.median(value)) < 0.5,
        "all but 40": np.argsort(np.argsort(value)) < rows - 40,
    }
    odds = np.exp(np.stack([np.zeros(rows), value, -value], axis=1))
    scores = {"binary": odds[:, :2], "multiclass": odds, "regression": value}[problem]
    if problem != "regression":
        scores = scores / scores.sum(axis=1, keepdims=True)
    days = np.datetime64("2024-01-01", "D") + day
    sample = Sample(
        {"when": days.astype("datetime64[us]"), "shop": shop.astype(str).astype(object)}, scores
    )
    return select_labels(contract, sample, masks[labelled], days)


@pytest.mark.parametrize("problem", TARGETS)
@pytest.mark.parametrize("labelled", ["top third", "middle"])
def test_labels_that_follow_the_prediction_are_selective(problem: str, labelled: str) -> None:
    found = select(problem, labelled)
    assert found is not None and found.is_selective
    if problem == "multiclass":
        assert set(found.shares) <= {f"those of {name}" for name in CLASSES}


@pytest.mark.parametrize("problem", TARGETS)
@pytest.mark.parametrize("labelled", ["at random", "whole days"])
def test_labels_missing_at_random_are_not(problem: str, labelled: str) -> None:
    found = select(problem, labelled)
    assert found is not None and not found.is_selective


def test_whole_groups_without_labels_are_not() -> None:
    found = select("binary", "whole groups", group=True)
    assert found is not None and not found.is_selective and found.clusters == 20


@pytest.mark.parametrize("labelled", ["all", "none"])
def test_nothing_is_said_where_all_rows_are_alike(labelled: str) -> None:
    assert select("binary", labelled) is None


def test_a_few_rows_without_a_label_hardly_matter() -> None:
    found = select("binary", "all but 40")
    assert found is not None and 0.03 < found.distance < 0.05 and not found.is_selective


def test_the_report_says_whose_performance_is_known_and_retrains_nothing(world: World) -> None:
    columns = world.parcels(2)
    world.predict(columns, labelled=False)
    scores = chance(columns)
    known = scores >= np.quantile(scores, 0.6)
    names, late = columns["parcel"][known], columns["late"][known]
    world.log.add_labels(
        [Label(str(name), bool(y), world.now) for name, y in zip(names, late, strict=True)]
    )
    report = world.monitor()
    (finding,) = report.findings
    assert (finding.kind, finding.severity, finding.rows) == ("labels", "warning", 600)
    assert (
        "labels are selective: 40% of 600 mature predictions have a label, 100% of" in finding.text
    )
    assert "and 0% of the lowest fifth" in finding.text and "20 days" in finding.text
    assert report.performance == "ok"
    assert "labels: found" in report.messages()[1]
    assert report.advice.startswith("labels: collect labels of the other rows too")


def test_complete_labels_and_too_few_are_told_apart(world: World) -> None:
    columns = world.parcels(2)
    world.predict(columns, labelled=False)
    assert world.monitor().statuses["labels"] == "unknown"
    pairs = zip(columns["parcel"], columns["late"], strict=True)
    world.log.add_labels([Label(str(name), bool(y), world.now) for name, y in pairs])
    assert world.monitor().statuses["labels"] == "ok"
