from collections.abc import Callable

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.contract.model import Problem
from {{ cookiecutter.package_name }}.encoder import Encoder, Matrix
from {{ cookiecutter.package_name }}.errors import SettingsError
from {{ cookiecutter.package_name }}.evaluation.target import Truth
from {{ cookiecutter.package_name }}.models import Task, load_candidates, predicted

LIBRARIES = ("baseline", "scikit_learn")
PROBLEMS: tuple[tuple[Problem, int], ...] = (("binary", 2), ("multiclass", 3), ("regression", 0))

Rows = Callable[[int], tuple[Matrix, Truth]]


@pytest.mark.parametrize(("problem", "classes"), PROBLEMS)
def test_every_candidate_learns_from_rows_with_holes(
    encoder: Encoder, rows: Rows, problem: Problem, classes: int
) -> None:
    matrix, truth = rows(classes)
    losses = {}
    for candidate in load_candidates(LIBRARIES, Task(problem, encoder, seed=1, threads=1)):
        answers = predicted(candidate.build({}).fit(matrix, truth), matrix, classes)
        chosen = answers[np.arange(len(truth)), truth.astype(int)] if classes else answers - truth
        losses[candidate.name] = -np.log(chosen).mean() if classes else np.abs(chosen).mean()
    assert losses["dummy"] > losses["linear"]
    assert losses["dummy"] > losses["trees"]


def test_a_matrix_without_categories_or_without_numbers_will_do(
    encoder: Encoder, rows: Rows
) -> None:
    for columns, words in (
        (encoder.columns[1:], {}),
        (encoder.columns[:1], encoder.vocabularies),
    ):
        part = Encoder(columns, words)
        matrix, truth = rows(2)
        matrix = matrix[:, 1:] if not words else matrix[:, :1]
        for candidate in load_candidates(LIBRARIES, Task("binary", part, seed=1, threads=1)):
            answers = predicted(candidate.build({}).fit(matrix, truth), matrix, 2)
            assert answers.sum(axis=1) == pytest.approx(1)


def test_a_class_that_was_never_seen_has_no_probability(encoder: Encoder, rows: Rows) -> None:
    matrix, truth = rows(2)
    trees = load_candidates(("scikit_learn",), Task("multiclass", encoder, seed=1, threads=1))[0]
    answers = predicted(trees.build({}).fit(matrix, truth * 2), matrix, 3)
    assert answers[:, 1].max() == 0
    assert answers.sum(axis=1) == pytest.approx(1)


def test_only_the_constant_answer_is_there_to_be_beaten(encoder: Encoder) -> None:
    found = load_candidates(LIBRARIES, Task("binary", encoder, seed=1, threads=1))
    assert [candidate.name for candidate in found if candidate.is_baseline] == ["dummy"]
    assert found[0].space is None


def test_an_unknown_library_names_those_there_are(encoder: Encoder) -> None:
    with pytest.raises(SettingsError, match="no 'prophet' in models/; it holds baseline"):
        load_candidates(("prophet",), Task("binary", encoder, seed=1, threads=1))
