"""What holds for the neural networks beyond what holds for every candidate."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

from mlops_loop._encoder import Encoder, Matrix
from mlops_loop.evaluation._target import Labels

from .candidates import MARKED_NETWORKS, candidates_of, task_of

Rows = Callable[[int], tuple[Matrix, Labels]]
Build = Callable[..., Any]


@pytest.fixture(params=MARKED_NETWORKS)
def build(request: pytest.FixtureRequest, encoder: Encoder) -> Build:
    """Makes an unfitted network with parameters of its own."""
    (candidate,) = candidates_of(request.param)
    return partial(candidate.estimator, task_of("binary", encoder))


def test_fits_beside_each_other_give_what_each_gives_alone(build: Build, rows: Rows) -> None:
    matrix, labels = rows(2)

    def answers(begin: int) -> Any:
        part = slice(begin, begin + 300)
        return build(**{"epochs": 5}).fit(matrix[part], labels[part]).predict_proba(matrix)

    alone = [answers(begin) for begin in (0, 300)]
    with ThreadPoolExecutor(2) as pool:
        beside = list(pool.map(answers, (0, 300)))
    assert np.array_equal(alone, beside)


def test_a_category_that_no_row_showed_counts_as_average(build: Build, rows: Rows) -> None:
    """Not as whatever its weights happened to be when they were drawn."""
    matrix, labels = rows(2)
    seen = matrix[:, 0] == 1
    matrix[:, 0] = np.where(seen, 1, 0)
    estimator = build(**{"epochs": 5}).fit(matrix, labels)
    block = np.repeat(matrix[:1], 5, axis=0)
    block[:, 0] = [0, 1, 2, -1, np.nan]
    first, second, *unseen = estimator.predict_proba(block)[:, 1]
    assert unseen == pytest.approx([unseen[0]] * 3)
    assert min(first, second) - 0.02 < unseen[0] < max(first, second) + 0.02


def test_the_network_stops_before_it_learns_noise_by_heart(build: Build) -> None:
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(1000, 3)).astype(np.float32)
    matrix[:, 0] = rng.integers(0, 3, len(matrix))
    labels = rng.integers(0, 2, len(matrix))
    estimator = build(**{"width": 128, "weight_decay": 0.0}).fit(matrix, labels)
    assert np.ptp(estimator.predict_proba(matrix)[:, 1]) < 0.5
