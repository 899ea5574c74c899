"""What a training leaves in MLflow: one parent run, a nested run a candidate, the leaderboard."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..data.snapshot import Snapshot
from ..registry import Registry
from .holdout_evaluation import EvaluatedModel
from .leaderboard import Leaderboard
from .leaderboard_chart import draw_leaderboard
from .version_tags import GATE_FILE

Tags = Mapping[str, str]


@contextmanager
def recorded_run(registry: Registry, name: str, tags: Tags) -> Iterator[str]:
    """A run that ends as finished, or as failed when an error passes through."""
    run = registry.start_run(name, tags=tags)
    try:
        yield run
    except BaseException:
        registry.finish(run, failed=True)
        raise
    registry.finish(run)


def record_leaderboard(registry: Registry, parent: str, leaderboard: Leaderboard) -> None:
    """Nested runs for the candidates, and the table as JSON, Markdown and a picture."""
    for row in leaderboard.rows:
        run = registry.start_run(row.candidate, parent=parent)
        folds = {f"fold_{number}": score for number, score in enumerate(row.scores)}
        metrics = {
            f"{leaderboard.metric}_mean": row.mean,
            f"{leaderboard.metric}_std": row.std,
            "fit_seconds": row.fit_seconds,
            "predict_microseconds": row.predict_microseconds,
            "size": float(row.size),
        }
        registry.log(run, metrics={**row.metrics, **metrics, **folds}, parameters=row.parameters)
        registry.finish(run)
    text = json.dumps(leaderboard.to_json(), indent=1)
    table, drawn = leaderboard.markdown(), draw_leaderboard(leaderboard)
    texts = {"leaderboard.json": text, "leaderboard.md": table, "leaderboard.svg": drawn}
    registry.log(parent, texts=texts)


def record_snapshot(registry: Registry, run: str, snapshot: Snapshot) -> None:
    """The rows behind the model, as an input of its run."""
    registry.log_dataset(
        run,
        name="snapshot",
        digest=snapshot.digest,
        rows=snapshot.rows,
        source=snapshot.source,
    )


def record_gate_result(registry: Registry, run: str, evaluated: EvaluatedModel) -> None:
    """The gate's verdict as a file, its figures and the metrics on the holdout as metrics."""
    metrics = {f"gate_{name}": value for name, value in evaluated.gate_result.metrics.items()}
    holdout = {f"holdout_{name}": value for name, value in evaluated.metrics.items()}
    parity = {f"parity_{name}": value for name, value in evaluated.parity.metrics().items()}
    texts = {GATE_FILE: evaluated.gate_result.to_json()}
    registry.log(run, metrics={**metrics, **holdout, **parity}, texts=texts)
