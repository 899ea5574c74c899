"""Time and memory of a verdict of monitoring by how many predictions the log holds.

Takes a rendered project with a champion. Fills SQLite logs, through the project's own code, with
rows of the champion's holdout spread over a year; then asks for a verdict on the last month and on
all of the year, each in a process of its own, after the imports are done. A first run warms the
disk's cache and does not count.
"""

import argparse
import importlib
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

ROWS = (10_000, 1_000_000, 10_000_000)
BATCH = 20_000
UNTIL = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
SPANS = {"a month": timedelta(days=30), "a year": YEAR}


class Subject:
    """A project, and a log of a size beside its own."""

    def __init__(self, root: Path, folder: Path, rows: int) -> None:
        sys.path.insert(0, str(root / "src"))
        self.package = next((root / "src").glob("*/monitoring/run.py")).parents[1].name
        self.project = self.part("project").open_project(root)
        self.rows = rows
        self.address = f"sqlite:///{(folder / f'{rows}.db').resolve()}?durability=best_effort"
        self.log = self.part("prediction_log").open_prediction_log(self.address, root=folder)

    def part(self, name: str) -> Any:
        return importlib.import_module(f"{self.package}.{name}")

    def bundle(self) -> Any:
        champion = self.project.published().champion
        return self.part("bundle").read_bundle(self.project.bundles.fetch(champion))

    def fill(self) -> None:
        """Append what is missing; every second row has its label."""
        records = self.part("prediction_log.records")
        templates = self._templates(records)
        begin, step = self.log.totals().predictions, YEAR / self.rows
        for start in range(begin, self.rows, BATCH):
            batch = []
            for at in range(start, min(start + BATCH, self.rows)):
                columns, output, label = templates[at % len(templates)]
                moment = UNTIL - YEAR + at * step
                name = f"{at:012}"
                batch.append(
                    (records.Record(name, None, moment, moment, columns, (output,)), label)
                )
            # Labels first: they wait for their prediction, which is quicker than to look it up.
            self.log.add_labels(
                [
                    records.Label(one.prediction_id, label, one.event_time)
                    for one, label in batch[::2]
                ]
            )
            self.log.append([one for one, _ in batch]).result()
            print(f"{self.rows}: {start + len(batch)} rows", end="\r", file=sys.stderr)
        print(file=sys.stderr)

    def _templates(self, records: Any) -> list[Any]:
        contract = self.project.contract
        columns_of = self.part("contract.columns").to_rows
        bundle = self.bundle()
        sample = self.part("monitoring.samples").reference_sample(contract, bundle, 5_000, 1)
        rows = columns_of(contract.inputs, sample.columns)
        labels = columns_of([contract.target], sample.columns)
        version = bundle.manifest.version
        outputs = [
            (
                records.Output(
                    version, "champion", True, contract.classes[int(one.argmax())], one.tolist()
                )
                if contract.classes
                else records.Output(version, "champion", True, float(one))
            )
            for one in sample.scores
        ]
        return [
            (row, output, label[contract.target.name])
            for row, output, label in zip(rows, outputs, labels)
        ]

    def verdict(self, span: timedelta, page: bool) -> dict[str, Any]:
        """Seconds and memory of one verdict; imports are done before."""
        began = time.perf_counter()
        for name in ("evidently.metrics", "evidently.presets"):
            importlib.import_module(name)
        run = self.part("monitoring.run")
        imported = time.perf_counter() - began
        clock = self.part("clock").ManualClock(UNTIL + timedelta(days=2))
        bundle = self.bundle()
        began, worked = time.perf_counter(), time.process_time()
        found = run.monitor(
            self.project.settings,
            self.project.contract,
            log=self.log,
            bundle=bundle,
            since=UNTIL - span,
            until=UNTIL,
            clock=clock,
            options=self.part("monitoring.options").MonitoringOptions(page=page, version_only=True),
        )
        return {
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - worked,
            "import": imported,
            "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rows": found.window.rows,
        }


def asked(options: argparse.Namespace, rows: int, span: str, page: bool) -> dict[str, float]:
    """The medians of some runs, each in a process of its own, after one that does not count."""
    command = [
        *(sys.executable, __file__, str(options.project), "--folder", str(options.folder)),
        *("--one", str(rows), span, "page" if page else "quick"),
    ]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(options.rounds + 1)
    ]
    return {name: median(run[name] for run in runs[1:]) for name in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project with a champion")
    parser.add_argument("--folder", type=Path, required=True, help="for the logs; they are kept")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    root = options.project.resolve()
    if options.one:
        rows, span, page = options.one
        subject = Subject(root, options.folder, int(rows))
        print(json.dumps(subject.verdict(SPANS[span], page == "page")))
        return
    found: dict[str, Any] = {}
    print(f"{'predictions':>12} {'window':10}{'':8}{'seconds':>9}{'processor':>11}{'MiB':>6}")
    for rows in options.rows:
        subject = Subject(root, options.folder, rows)
        subject.fill()
        subject.log.close()
        for span in SPANS:
            for page in (True, False):
                told = asked(options, rows, span, page)
                kind = "page" if page else "no page"
                found[f"{rows}, {span}, {kind}"] = told
                print(
                    f"{rows:>12} {span:10}{kind:8}{told['seconds']:>9.2f}"
                    f"{told['processor']:>11.2f}{told['mebibytes']:>6.0f}"
                )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
