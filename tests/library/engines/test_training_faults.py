"""Training on workers of which one is killed, and the memory that it takes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pyarrow as pa
import pytest
from distributed import Client

from mlops_loop._project import Project
from mlops_loop.data._snapshot import latest_snapshot, write_snapshot
from mlops_loop.models import Candidate, _fitting, lightgbm, xgboost

from .boosting import encoded
from .clusters import cluster

pytestmark = pytest.mark.real
SECONDS = 300
# The tasks by which each library fits.
FITTING = ("_train_part-", "fn-")


def kill_a_fitting_worker(client: Client, killed: list[int]) -> None:
    """SIGKILL to one worker a second after all of them have begun to fit."""
    pids, until = client.run(os.getpid), time.monotonic() + SECONDS
    while time.monotonic() < until:
        running = client.processing().values()
        if all(any(str(key).startswith(FITTING) for key in keys) for keys in running):
            time.sleep(1)
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)
            return
        time.sleep(0.05)


@pytest.mark.parametrize(
    "candidate",
    [lightgbm.trees(n_estimators=2_000), xgboost.trees(n_estimators=2_000)],
    ids=["lightgbm", "xgboost"],
)
def test_a_worker_that_is_killed_in_a_fit_costs_time_only(
    here: Project, candidate: Candidate
) -> None:
    with cluster(2) as address, Client(address.replace("dask", "tcp", 1)) as client:
        data = encoded(here.with_engine(address)).train
        with data.on_engine() as running:
            arguments = candidate, data.task, running.matrix, running.labels
            undisturbed = _fitting.fit(*arguments)
            killed: list[int] = []
            killer = Thread(target=kill_a_fitting_worker, args=(client, killed))
            killer.start()
            disturbed = _fitting.fit(*arguments)
            killer.join()
        assert killed and killed[0] not in client.run(os.getpid).values()
    # Where rows lie moves single predictions. A fit on half of the rows is right 0.04 less often.
    train = encoded(here).train
    known, expected = (
        np.mean(model.predict_proba(train.matrix).argmax(axis=1) == train.labels)
        for model in (disturbed, undisturbed)
    )
    assert known > expected - 0.01


PROGRAM = """
import json, sys
from distributed import Client
from mlops_loop.models import _fitting, lightgbm
from tests.library.engines.boosting import encoded
from tests.library.engines.clusters import peak_megabytes
from tests.library.projects import project_in
from pathlib import Path

root, address = Path(sys.argv[1]), sys.argv[2]
data = encoded(project_in(root).with_engine(address)).train
with data.on_engine() as running:
    _fitting.fit(lightgbm.trees(n_estimators=20), data.task, running.matrix, running.labels)
peaks = {"driver": peak_megabytes()}
if address != "local":
    with Client(address.replace("dask", "tcp", 1)) as client:
        peaks["worker"] = max(client.run(peak_megabytes).values())
print(json.dumps(peaks))
"""


def test_neither_driver_nor_workers_hold_all_rows(here: Project, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "program.py"), str(here.root)]

    def peaks(engine: str) -> dict[str, float]:
        said = subprocess.check_output([*command, engine], text=True, timeout=2 * SECONDS)
        found: dict[str, float] = json.loads(said.splitlines()[-1])
        return found

    sizes = []
    for rows in (1 << 19, 1 << 21):
        repeat(here, rows)
        with cluster(2) as address:
            sizes.append({"alone": peaks("local")["driver"], **peaks(address)})
        print(rows, sizes[-1])
    growth = {name: sizes[1][name] - sizes[0][name] for name in sizes[0]}
    assert growth["driver"] < growth["alone"] / 3 and growth["worker"] < growth["alone"] / 3


def repeat(project: Project, rows: int) -> None:
    """A new latest snapshot of so many rows, those of the one before in order of time."""
    before = latest_snapshot(project.paths.snapshots)
    table = before.table()
    assert project.contract.time is not None
    repeated = pa.concat_tables([table] * -(-rows // len(table))).slice(0, rows)
    ordered = repeated.sort_by(project.contract.time.name)
    write_snapshot(ordered, project.paths.snapshots, before.origin)
