"""The loop on millions of predictions over the sample's year: time and memory, month by month.

Takes a rendered project, copies its settings into a folder of its own, and plays the year there as
`loop replay` does, week by week, with the project's own loop. Two things are shorter: rows are
drawn from the flights of their week as often as it takes, each with an id of its own, and they
reach the models and the prediction log directly instead of over HTTP.
"""

import argparse
import json
import logging
import os
import resource
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import load_project

BATCH = 5_000
WEEK = timedelta(days=7)


class Traffic:
    """The flights of the replay by time, asked about as often as it takes."""

    def __init__(self, settings: Any, predictions: int) -> None:
        self._contract = settings.contract()
        self._random = np.random.default_rng(settings.seed)
        self._columns = self._read(settings)
        self._times = self._columns[self._contract.time.name]
        self._factor = predictions / len(self._times)
        self._sent = 0

    def __len__(self) -> int:
        return len(self._times)

    def between(self, since: datetime, until: datetime) -> Iterator[tuple[Any, list[Any], Any]]:
        """Batches of columns, the same as rows, and their outcomes."""
        from mlops_loop.contract._columns import take, to_datetime64, to_rows

        span = [to_datetime64(moment) for moment in (since, until)]
        first, end = np.searchsorted(self._times, span)
        left = round((end - first) * self._factor) if end > first else 0
        while left > 0:
            chosen = np.sort(self._random.integers(first, end, min(left, BATCH)))
            part = take(self._columns, chosen)
            name = self._contract.id.name
            part[name] = np.array(
                [f"{self._sent + number}" for number in range(len(chosen))], dtype=object
            )
            self._sent += len(chosen)
            left -= len(chosen)
            labels = to_rows([self._contract.target], part)
            inputs = to_rows(self._contract.inputs, part)
            yield part, inputs, [row[self._contract.target.name] for row in labels]

    def _read(self, settings: Any) -> Any:
        """All good rows of the replay's stretch, in the order of time."""
        from mlops_loop.contract._arrow import from_arrow, table_columns
        from mlops_loop.contract._casting import read_table
        from mlops_loop.contract._columns import take, to_datetime64
        from mlops_loop.data._sources import open_source, read_all
        from mlops_loop.data._validation import validate

        replay, contract = settings.replay, self._contract
        source = open_source(replay.source, settings)
        table = read_table(table_columns(contract), read_all(source, contract)).table
        table = table.sort_by(contract.time.name)
        accepted = validate(contract, table).accepted
        columns = from_arrow(contract, table)
        since, until = (to_datetime64(moment) for moment in (replay.since, replay.until))
        times = columns[contract.time.name]
        return take(columns, accepted & (times >= since) & (times < until))


class Player:
    """The project, its loop, and the service's part played in this process."""

    def __init__(self, project: Any, traffic: Traffic) -> None:
        from my_ml_project.cli import load_pipeline

        from mlops_loop._predictor import BundlePredictor
        from mlops_loop.loop._factory import make_controller
        from mlops_loop.monitoring import MonitoringPlan
        from mlops_loop.serving._deployment_manager import DeploymentManager

        self._project = project
        self._traffic = traffic
        self._deployments = DeploymentManager(
            project.bundles,
            features_digest=project.features.digest,
            predictor_factory=partial(BundlePredictor, features=project.features),
        )
        self._waiting: list[tuple[datetime, list[Any]]] = []
        self.loop = make_controller(project, load_pipeline, MonitoringPlan())
        self.spent = {"answering": 0.0, "labelling": 0.0, "stepping": 0.0}

    def week(self, since: datetime, until: datetime) -> tuple[int, list[Any]]:
        """Answer, label what is old enough, step; how many rows, and what the loop did."""
        rows = self._timed("answering", lambda: self._answer(since, until))
        self._timed("labelling", lambda: self._label(until - self._project.contract.label_horizon))
        self._project.clock.set(until)
        step = self._timed("stepping", self.loop.step)
        return rows, list(step.entries)

    def _answer(self, since: datetime, until: datetime) -> int:
        from mlops_loop.prediction_log import Label, Record

        self._deployments.refresh()
        contract, rows, futures = self._project.contract, 0, []
        for columns, inputs, outcomes in self._traffic.between(since, until):
            keys = [row[contract.id.name] for row in inputs]
            outputs = self._deployments.deployment.predict(columns, keys)
            times = [datetime.fromisoformat(row[contract.time.name]) for row in inputs]
            futures.append(
                self._project.log.append(
                    [
                        Record(key, key, moment, moment, row, out, contract.schema_digest)
                        for key, moment, row, out in zip(keys, times, inputs, outputs, strict=True)
                    ]
                )
            )
            self._waiting.append(
                (
                    max(times),
                    [
                        Label(key, outcome, moment)
                        for key, outcome, moment in zip(keys, outcomes, times, strict=True)
                    ],
                )
            )
            rows += len(inputs)
            if len(futures) > 4:
                futures.pop(0).result()
        for future in futures:
            future.result()
        return rows

    def _label(self, until: datetime) -> None:
        ready = [labels for newest, labels in self._waiting if newest < until]
        self._waiting = [(newest, labels) for newest, labels in self._waiting if newest >= until]
        for labels in ready:
            self._project.log.add_labels(labels)

    def _timed(self, what: str, do: Any) -> Any:
        began = time.perf_counter()
        try:
            return do()
        finally:
            self.spent[what] += time.perf_counter() - began


def play(project: Any, folder: Path, predictions: int) -> list[dict[str, Any]]:
    """Play the year in a folder; figures of each month."""
    from mlops_loop._clock import ManualClock

    replay = project.settings.replay
    since, until = replay.since, replay.until
    project = project.copy(root=folder, clock=ManualClock(since))
    player = Player(project, Traffic(project.settings, predictions))
    player.loop.step()
    months: list[dict[str, Any]] = []
    while since < until:
        end = min(since + WEEK, until)
        before = dict(player.spent)
        rows, entries = player.week(since, end)
        if not months or months[-1]["month"] != f"{since:%Y-%m}":
            months.append(
                {"month": f"{since:%Y-%m}", "rows": 0, "did": [], **dict.fromkeys(before, 0)}
            )
        month = months[-1]
        month["rows"] += rows
        month["did"] += [entry.kind for entry in entries]
        for what, seconds in player.spent.items():
            month[what] += seconds - before[what]
        month["resident"], month["peak"] = resident(), peak()
        since = end
        if since >= until or f"{since:%Y-%m}" != month["month"]:
            print(told(month), flush=True)
    project.close()
    return months


def told(month: dict[str, Any]) -> str:
    spent = "  ".join(f"{month[what]:8.1f}" for what in ("answering", "labelling", "stepping"))
    memory = f"{month['resident'] / 1e6:8.0f}  {month['peak'] / 1e6:8.0f}"
    return f"{month['month']}  {month['rows']:>9}  {spent}  {memory}  {', '.join(month['did'])}"


def resident() -> int:
    """Bytes of memory in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Bytes of memory in use at most, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered and installed project")
    parser.add_argument("--predictions", type=int, default=10_000_000)
    parser.add_argument(
        "--logged-rows", type=int, default=100_000, help="ingestion.max_logged_rows"
    )
    parser.add_argument("--folder", type=Path, required=True, help="to play in; it must not exist")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    project, folder = load_project(options.project.resolve()), options.folder.resolve()
    from mlops_loop._logs import configure_logs

    shutil.copytree(project.root / "config", folder / "config")
    os.environ[f"{project.env_prefix}INGESTION__MAX_LOGGED_ROWS"] = str(options.logged_rows)
    configure_logs(logging.ERROR)
    print("month         rows  answering  labelling  stepping, s    MB now   MB peak  the loop did")
    began = time.perf_counter()
    months = play(project, folder, options.predictions)
    took = time.perf_counter() - began
    rows = sum(month["rows"] for month in months)
    print(f"{rows} predictions in {took:.0f} s, {peak() / 1e6:.0f} MB at most")
    if options.json:
        options.json.write_text(json.dumps(months, indent=2))


if __name__ == "__main__":
    main()
