"""The candidates of a training, best first: as a table, as a picture, as runs."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np

from mlops_loop._encoder import Encoder
from mlops_loop._project import Project
from mlops_loop._training.cross_validation import cross_validate
from mlops_loop._training.leaderboard import Leaderboard
from mlops_loop._training.leaderboard_chart import draw_leaderboard
from mlops_loop._training.size import in_bytes
from mlops_loop.evaluation._formatting import format_metric
from mlops_loop.evaluation._metrics import DEFAULT_METRIC
from mlops_loop.evaluation._perfect_score import PERFECT, is_perfect

from .candidates import ALL, PROBLEMS
from .conftest import Rows
from .stages import Trained, train
from .training_data import training_data


def test_the_leaderboard_names_every_candidate_best_first(trained: Trained) -> None:
    board = trained.leaderboard
    assert {row.candidate for row in board.rows} >= {"dummy", "linear", "trees"}
    assert [row.mean for row in board.rows] == sorted(row.mean for row in board.rows)
    assert board.winner.candidate == trained.manifest.candidate
    assert board.table().splitlines()[1].startswith("* 1 ")
    assert json.loads(board.to_json())["metric"] == "log_loss"
    assert Leaderboard.from_json(board.to_json()) == board


def test_the_leaderboard_has_as_many_scores_as_there_is_room(trained: Trained) -> None:
    board = trained.leaderboard
    assert board.others[0] == "brier"
    narrow, wide = board.table(72).splitlines(), board.table(200).splitlines()
    assert not set(board.others) & set(narrow[0].split())
    assert wide[0].split()[-len(board.others) :] == list(board.others)
    assert wide[1].split()[-len(board.others)] == format_metric(board.winner.metrics["brier"])
    assert len({len(line) for line in wide}) == 1
    assert all(f"| {name} |" in board.markdown() for name in board.others)


def test_the_leaderboard_says_how_large_a_model_is(trained: Trained) -> None:
    sizes = {row.candidate: row.size for row in trained.leaderboard.rows}
    assert 0 < sizes["dummy"] < sizes["linear"] < sizes["trees"]
    assert in_bytes(sizes["dummy"]) in trained.leaderboard.table()
    assert [in_bytes(size) for size in (999, 1234, 5_600_000)] == ["999 B", "1.2 kB", "5.6 MB"]


def test_the_leaderboard_is_drawn_with_every_fold(trained: Trained) -> None:
    board = trained.leaderboard
    drawn = ElementTree.fromstring(draw_leaderboard(board))
    texts = {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {row.candidate for row in board.rows} | {board.metric} <= texts
    dots = list(drawn.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == sum(len(row.scores) + 1 for row in board.rows)
    places = [float(dot.attrib["cx"]) for dot in dots]
    assert 130 <= min(places) and max(places) <= 440
    cards = trained.project.settings.paths.model_cards
    page = (cards / f"{trained.version.version}.html").read_text(encoding="utf-8")
    assert draw_leaderboard(board) in page


def test_candidates_with_equal_scores_and_free_names_are_drawn(trained: Trained) -> None:
    row, *_ = trained.leaderboard.rows
    same = replace(row, candidate="<a & b>", mean=0.5, std=0.0, scores=(0.5, 0.5))
    drawn = ElementTree.fromstring(draw_leaderboard(Leaderboard("log_loss", (same,))))
    assert "<a & b>" in {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}


def test_every_candidate_is_a_run_under_the_training(trained: Trained) -> None:
    tracking = trained.project.registry.tracking
    runs = tracking.client.search_runs([tracking.experiment_id])
    parents = [run.data.tags.get("mlflow.parentRunId") for run in runs]
    assert parents.count(trained.run.run_id) == len(trained.leaderboard.rows)
    parent = tracking.client.get_run(trained.run.run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["gate_score"] == trained.gate.metrics["score"]
    artifacts = {file.path for file in tracking.client.list_artifacts(trained.run.run_id)}
    assert {"evaluation", "exported", "model"} <= artifacts
    assert {f"leaderboard.{ending}" for ending in ("json", "md", "svg")} <= artifacts


def test_the_same_seed_gives_the_same_leaderboard(trained: Trained, project: Project) -> None:
    def scores(board: Leaderboard) -> list[object]:
        return [(row.candidate, row.scores, row.metrics) for row in board.rows]

    again = train(project)
    assert scores(again.leaderboard) == scores(trained.leaderboard)


def test_a_perfect_score_is_doubted(encoder: Encoder, rows: Rows) -> None:
    """A copy of the target among the columns, of classes and of numbers."""
    for problem, classes in PROBLEMS:
        matrix, labels = rows(classes)
        halves = np.arange(300), np.arange(300, 600)
        honest = training_data(matrix, labels, encoder, problem, folds=[halves])
        leak = matrix.copy()
        leak[:, 1] = labels
        leaking = training_data(leak, labels, encoder, problem, folds=[halves])
        metric = DEFAULT_METRIC.for_problem(problem)
        assert PERFECT not in cross_validate(ALL[:3], honest, metric).table()
        board = cross_validate(ALL[:3], leaking, metric)
        assert f"{board.winner.candidate}: {PERFECT}" in board.table()
        assert PERFECT in board.markdown() and not board.rows[-1].remarks


def test_perfection_needs_rows_and_something_to_tell_apart() -> None:
    labels = np.arange(200) % 2
    right = np.eye(2)[labels]
    assert is_perfect(labels, right)
    assert not is_perfect(labels[:50], right[:50])
    assert not is_perfect(labels * 0, np.eye(2)[labels * 0])
    assert not is_perfect(labels, np.vstack([right[:199], 1 - right[199:]]))
    assert is_perfect(1.6e9 + labels, 1.6e9 + labels + 1e-3)
    assert not is_perfect(labels.astype(float), labels * 0.9)


def test_a_candidate_that_is_fitted_on_a_sample_says_so(encoder: Encoder, rows: Rows) -> None:
    matrix, labels = rows(2)
    halves = np.arange(300), np.arange(300, 600)
    data = training_data(matrix, labels, encoder, folds=[halves])
    sampled = [ALL[0], replace(ALL[1], max_rows=lambda task: 100)]
    board = cross_validate(sampled, data, DEFAULT_METRIC)
    assert "linear: fitted on a sample of 100 of 600 rows" in board.table()
    assert Leaderboard.from_json(board.to_json()) == board
