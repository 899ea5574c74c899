"""Your candidates: each is compared by cross-validation, and the best one is exported.

Any scikit-learn estimator or pipeline is a candidate by one line. It gets a float32 matrix with a
column for each feature: numbers as they are, categories as positions, NaN where a value is missing.

    Candidate("forest", lambda task, parameters: make_pipeline(
        SimpleImputer(), RandomForestClassifier(random_state=task.seed, **parameters)
    ))

A candidate that cannot be exported to ONNX says so on the leaderboard, and wins only if the
setting `training.native_models` is true.
"""

from mlops_loop.models import Candidate, baseline, catboost, scikit_learn

CANDIDATES: list[Candidate] = [
    baseline.dummy(),  # a constant: what the gate compares with
    baseline.linear(),
    scikit_learn.trees(),
    catboost.trees(),
]
