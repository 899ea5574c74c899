"""One training on the project's own source, thinned out where it is long."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mlops_loop.bundle import Bundle, read_bundle
from mlops_loop.contract.columns import Columns
from mlops_loop.data.ingestion import ingest
from mlops_loop.data.snapshot import Snapshot, latest_snapshot, write_snapshot
from mlops_loop.predictor import OnnxPredictor
from mlops_loop.project import Project

from ..places import FLIGHTS
from ..projects import project_in
from ..stages import Trained, train

ROOT = FLIGHTS
MOST_ROWS = 8000


@dataclass(frozen=True)
class Own:
    """The project's own model, whether or not the gate let it pass."""

    project: Project
    result: Trained
    snapshot: Snapshot
    bundle: Bundle

    @property
    def predictor(self) -> OnnxPredictor:
        return OnnxPredictor(self.bundle, self.project.features)

    @property
    def columns(self) -> Columns:
        """Some of the rows, outcomes included."""
        table = self.snapshot.columns(self.project.contract)
        return {name: values[:: max(len(values) // 400, 1)] for name, values in table.items()}


@pytest.fixture(scope="session")
def own(
    tmp_path_factory: pytest.TempPathFactory,
    from_anywhere: Callable[[str], str],
) -> Own:
    """Trained once; tests may read all of it and change nothing."""
    root = tmp_path_factory.mktemp("own") / "project"
    shutil.copytree(ROOT / "config", root / "config")
    project = project_in(root)
    ingest(project.settings, project.contract, source=from_anywhere(project.settings.source))
    snapshot = _thinned(project)
    result = train(project)
    folder = project.registry.tracking.client.download_artifacts(result.run.run_id, "model")
    (found,) = Path(folder).rglob("bundle.json")
    return Own(project, result, snapshot, read_bundle(found.parent))


def _thinned(project: Project) -> Snapshot:
    directory = project.settings.paths.snapshots
    whole = latest_snapshot(directory)
    if whole.rows <= MOST_ROWS:
        return whole
    chosen = np.random.default_rng(project.settings.seed).permutation(whole.rows)[:MOST_ROWS]
    return write_snapshot(whole.table().take(np.sort(chosen)), directory, whole.origin)
