"""The loop on millions of predictions over the sample's year: time and memory, month by month.

Takes a rendered project, copies its settings into a folder of its own, and plays the year there as
`loop replay` does, week by week, with the project's own loop. Two things are shorter: rows are
drawn from the flights of their week as often as it takes, each with an id of its own, and they
reach the models and the prediction log directly instead of over HTTP.
"""

import argparse
import importlib
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 5_000
WEEK = timedelta(days=7)


@dataclass
class Package:
    """The modules of a rendered project."""

    name: str

    def __call__(self, module: str) -> Any:
        return importlib.import_module(f"{self.name}.{module}")


def open_package(project: Path) -> Package:
    sys.path.insert(0, str(project / "src"))
    return Package(next((project / "src").glob("*/loop/machine.py")).parents[1].name)


class Traffic:
    """The flights of the replay by time, asked about as often as it takes."""

    def __init__(self, package: Package, settings: Any, predictions: int) -> None:
        self._package = package
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
        columns = self._package("contract.columns")
        first, end = np.searchsorted(
            self._times, [columns.to_datetime64(moment) for moment in (since, until)]
        )
        left = round((end - first) * self._factor) if end > first else 0
        while left > 0:
            chosen = np.sort(self._random.integers(first, end, min(left, BATCH)))
            part = columns.take(self._columns, chosen)
            name = self._contract.id.name
            part[name] = np.array(
                [f"{self._sent + number}" for number in range(len(chosen))], dtype=object
            )
            self._sent += len(chosen)
            left -= len(chosen)
            labels = columns.to_rows([self._contract.target], part)
            inputs = columns.to_rows(self._contract.inputs, part)
            yield part, inputs, [row[self._contract.target.name] for row in labels]

    def _read(self, settings: Any) -> Any:
        """All good rows of the replay's stretch, in the order of time."""
        replay, package = settings.replay, self._package
        arrow, reading = package("contract.arrow"), package("contract.reading")
        validation, sources = package("data.validation"), package("data.sources")
        source = sources.open_source(replay.source, settings)
        table = reading.read_table(
            arrow.table_columns(self._contract), sources.read_all(source, self._contract)
        ).table.sort_by(self._contract.time.name)
        accepted = validation.validate(self._contract, table).accepted
        columns = arrow.from_arrow(self._contract, table)
        span = [
            package("contract.columns").to_datetime64(replay.moment(day))
            for day in (replay.since, replay.until)
        ]
        times = columns[self._contract.time.name]
        return package("contract.columns").take(
            columns, accepted & (times >= span[0]) & (times < span[1])
        )


class Player:
    """The project, its loop, and the service's part played in this process."""

    def __init__(self, package: Package, project: Any, traffic: Traffic) -> None:
        self._package = package
        self._project = project
        self._traffic = traffic
        self._router = package("serving.router").Router(
            project.bundles, features_digest=package("feature_set").features_digest()
        )
        self._waiting: list[tuple[datetime, list[Any]]] = []
        self.loop = package("loop.factory").make_controller(
            project, package("monitoring").MonitoringPlan()
        )
        self.spent = {"answering": 0.0, "labelling": 0.0, "stepping": 0.0}

    def week(self, since: datetime, until: datetime) -> tuple[int, list[Any]]:
        """Answer, label what is old enough, step; how many rows, and what the loop did."""
        rows = self._timed("answering", lambda: self._answer(since, until))
        self._timed("labelling", lambda: self._label(until - self._project.contract.label_horizon))
        self._project.clock.set(until)
        step = self._timed("stepping", self.loop.step)
        return rows, list(step.entries)

    def _answer(self, since: datetime, until: datetime) -> int:
        records = self._package("prediction_log")
        self._router.refresh()
        contract, rows, futures = self._project.contract, 0, []
        for columns, inputs, outcomes in self._traffic.between(since, until):
            keys = [row[contract.id.name] for row in inputs]
            outputs = self._router.deployment.predict(columns, keys)
            times = [datetime.fromisoformat(row[contract.time.name]) for row in inputs]
            futures.append(
                self._project.log.append(
                    [
                        records.Record(key, key, moment, moment, row, out)
                        for key, moment, row, out in zip(keys, times, inputs, outputs, strict=True)
                    ]
                )
            )
            self._waiting.append(
                (
                    max(times),
                    [
                        records.Label(key, outcome, moment)
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


def play(package: Package, folder: Path, predictions: int) -> list[dict[str, Any]]:
    """Play the year in a folder; figures of each month."""
    settings = package("settings").load_settings(folder)
    replay = settings.replay
    since, until = replay.moment(replay.since), replay.moment(replay.until)
    clock = package("clock").ManualClock(since)
    project = package("project").Project(settings, clock)
    player = Player(package, project, Traffic(package, settings, predictions))
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
    project, folder = options.project.resolve(), options.folder.resolve()
    package = open_package(project)
    shutil.copytree(project / "config", folder / "config")
    setting = f"{package.name.upper()}__INGESTION__MAX_LOGGED_ROWS"
    os.environ[setting] = str(options.logged_rows)
    package("logs").configure_logs(40)
    print("month         rows  answering  labelling  stepping, s    MB now   MB peak  the loop did")
    began = time.perf_counter()
    months = play(package, folder, options.predictions)
    took = time.perf_counter() - began
    rows = sum(month["rows"] for month in months)
    print(f"{rows} predictions in {took:.0f} s, {peak() / 1e6:.0f} MB at most")
    if options.json:
        options.json.write_text(json.dumps(months, indent=2))


if __name__ == "__main__":
    main()
