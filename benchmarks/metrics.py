"""Microseconds that a metric takes for one resample: ours, prepared once, and scikit-learn's."""

import argparse
from collections.abc import Callable
from timeit import repeat

import numpy as np
from sklearn import metrics as reference

from mlops_loop.evaluation import accuracy, brier, log_loss, mae, rmse, roc_auc

_CALLS, _REPEATS = 20, 5


def _microseconds(call: Callable[[], object]) -> float:
    return min(repeat(call, number=_CALLS, repeat=_REPEATS)) / _CALLS * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    random = np.random.default_rng(0)
    positive = random.random(rows)
    labels = (random.random(rows) < positive).astype(int)
    both = np.stack([1 - positive, positive], axis=1)
    values = random.normal(size=rows)
    truth = values + random.normal(size=rows)
    weights = np.bincount(random.integers(0, rows, rows), minlength=rows).astype(float)
    for metric, function, of, predicted in (
        (log_loss, reference.log_loss, labels, both),
        (brier, reference.brier_score_loss, labels, positive),
        (roc_auc, reference.roc_auc_score, labels, positive),
        (accuracy, reference.accuracy_score, labels, both.argmax(axis=1)),
        (rmse, reference.root_mean_squared_error, truth, values),
        (mae, reference.mean_absolute_error, truth, values),
    ):
        scorer = metric.scorer(of, both if of is labels else values)
        ours = _microseconds(lambda: scorer(weights))
        other = _microseconds(lambda: function(of, predicted, sample_weight=weights))
        print(f"{metric.name}: {ours:.0f}, scikit-learn {other:.0f}")


if __name__ == "__main__":
    main()
