"""The other side of `training.py`: the same fits, and nothing else.

Takes a folder with the encoded training rows, the folds and the unfitted estimators, as the project
itself made them. Fits every estimator on every fold and scores the rows left out, several fits
beside each other with one thread each, then fits the best one and the dummy on all rows. Says on
standard output how many seconds that took, by phase.
"""

import json
import os
import pickle
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# As the project does, before the libraries are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main(folder: Path) -> None:
    began = time.perf_counter()
    import numpy as np
    from threadpoolctl import threadpool_limits

    task = pickle.loads((folder / "task.pickle").read_bytes())
    for estimator in task["estimators"].values():
        pickle.loads(estimator)  # brings the library that it is from
    imported = time.perf_counter()
    matrix, labels = np.load(folder / "matrix.npy"), np.load(folder / "truth.npy")

    def mean_loss(predicted: Any, rest: Any) -> float:
        if not task["classes"]:
            return float(np.sqrt(np.square(predicted - labels[rest]).mean()))
        chosen = predicted[np.arange(len(rest)), labels[rest].astype(int)]
        return float(-np.log(np.clip(chosen, 1e-7, 1)).mean())

    def score(name: str, pair: Any) -> float:
        fit, rest = pair
        with threadpool_limits({"openmp": 1, "blas": 1}):
            estimator = pickle.loads(task["estimators"][name]).fit(matrix[fit], labels[fit])
            answer = estimator.predict_proba if task["classes"] else estimator.predict
            return mean_loss(answer(matrix[rest]), rest)

    with ThreadPoolExecutor(task["threads"]) as pool:
        scores = {
            name: [pool.submit(score, name, pair) for pair in task["pairs"]]
            for name in task["estimators"]
        }
        means = {name: np.mean([one.result() for one in found]) for name, found in scores.items()}
    compared = time.perf_counter()
    best = min((name for name in means if name != task["baseline"]), key=lambda name: means[name])
    with threadpool_limits({"openmp": task["threads"], "blas": 1}):
        for name in (best, task["baseline"]):
            pickle.loads(task["estimators"][name]).fit(matrix, labels)
    phases = {
        "imports": imported - began,
        "folds": compared - imported,
        "final fit": time.perf_counter() - compared,
    }
    print(json.dumps({"stage_seconds": phases, "best": best}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
