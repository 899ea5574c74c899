import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from mlops_loop._encoder import Encoder, Matrix
from mlops_loop._model_session import OnnxSession
from mlops_loop._training.onnx_export import export
from mlops_loop._training.parity import TOLERANCE, check_parity, stressed
from mlops_loop.errors import ExportError
from mlops_loop.evaluation._target import Labels

from .candidates import candidates_of, task_of
from .places import REPOSITORY

Rows = Callable[[int], tuple[Matrix, Labels]]
LIBRARIES = ("baseline", "scikit_learn", "lightgbm", "xgboost")
# With these, sets of the two operator sets have different orders.
SEEDS = (1, 11)
# Prints the digest of each model that the candidates of the libraries become.
DIGESTS = """
import sys, warnings
from hashlib import sha256
from types import SimpleNamespace
import numpy as np
from candidates import PROBLEMS, learning, task_of
from mlops_loop._calibration import Calibration
from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureColumn
from mlops_loop._training.export import _onnx_file
from mlops_loop.models._fitting import fit

warnings.simplefilter("ignore")
rng = np.random.default_rng(5)
matrix = rng.normal(size=(200, 2)).astype(np.float32)
encoder = Encoder((FeatureColumn("size", "number"), FeatureColumn("weight", "number")), {})
for library in sys.argv[1:]:
    (candidate,) = learning(library)
    for problem, classes in PROBLEMS:
        signal = matrix[:, 0] * 50
        labels = (signal.astype(float) if not classes else rng.integers(0, classes, 200))
        fitted = fit(candidate, task_of(problem, encoder), matrix, labels)
        scale = Calibration(1.1, (0.1,) * classes)
        for calibration in (None, scale) if classes else (None,):
            data = SimpleNamespace(matrix=matrix, classes=classes)
            model = SimpleNamespace(
                candidate=candidate, estimator=fitted, data=data, calibration=calibration
            )
            print(candidate.name, problem, sha256(_onnx_file(model).content).hexdigest())
"""


def test_parity_is_checked_on_missing_values_and_unseen_categories(encoder: Encoder) -> None:
    matrix = np.zeros((60, 3), dtype=np.float32)
    harder = stressed(matrix, encoder)
    assert np.isnan(harder).all(axis=1).any()
    for column in range(3):
        assert (np.isnan(harder[:, column]) & (np.isnan(harder).sum(axis=1) == 1)).sum() == 50
    assert (harder[:, 0] == -1).sum() == 50


def test_a_converter_that_is_wrong_on_missing_values_is_found_out(
    encoder: Encoder, rows: Rows
) -> None:
    matrix, labels = rows(2)
    forest = RandomForestClassifier(n_estimators=10, random_state=1).fit(matrix, labels)
    (candidate,) = candidates_of("scikit_learn")
    model = export(candidate, forest, matrix.shape[1])
    with pytest.raises(ExportError, match="predicts differently on .* rows, by up to"):
        check_parity(OnnxSession(model), forest, matrix, encoder, classes=2)


def test_trees_that_split_between_neighbouring_numbers_answer_the_same(encoder: Encoder) -> None:
    """No number of float32 lies between those; half of all means round to the upper one."""
    first = int(np.float32(10.36).view(np.uint32))
    numbers = np.arange(first, first + 20, dtype=np.uint32).repeat(50)
    matrix = numbers.view(np.float32).reshape(-1, 1)
    trees = HistGradientBoostingClassifier().fit(matrix, numbers % 2)
    (candidate,) = candidates_of("scikit_learn")
    answers = OnnxSession(export(candidate, trees, 1)).run(matrix)
    np.testing.assert_allclose(answers, trees.predict_proba(matrix), atol=TOLERANCE)


def test_a_model_without_a_converter_says_what_to_do(encoder: Encoder, rows: Rows) -> None:
    matrix, labels = rows(2)
    candidate = candidates_of("baseline")[0]
    estimator = candidate.estimator(task_of("binary", encoder)).fit(matrix, labels)
    with pytest.raises(ExportError, match="dummy cannot be converted to ONNX"):
        export(candidate, estimator, matrix.shape[1])


def test_a_library_may_bring_its_own_converter() -> None:
    candidate = candidates_of("baseline")[0]
    own = replace(candidate, to_onnx=lambda estimator, features: b"%d" % features)
    assert export(own, None, 3) == b"3"


def test_the_same_model_is_the_same_file_in_every_process() -> None:
    """The order of sets of strings is another for each seed of their hashes."""
    first, second = (_digests(seed) for seed in SEEDS)
    assert len(first) == 5 * len(LIBRARIES)
    assert first == second


def _digests(seed: int) -> list[str]:
    paths = [str(REPOSITORY / "src"), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(paths)}
    run = subprocess.run(
        [sys.executable, "-c", DIGESTS, *LIBRARIES],
        env={**os.environ, **variables, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()
