"""Time and memory of a verdict of monitoring by how many predictions the log holds.

Takes a rendered project with a champion. Fills SQLite logs, through the project's own code, with
rows of the champion's holdout spread over a year; then asks for a verdict on the last month and on
all of the year, each in a process of its own, after the imports are done. A first run warms the
disk's cache and does not count.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from common import load_project

ROWS = (10_000, 1_000_000, 10_000_000)
BATCH = 20_000
UNTIL = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
SPANS = {"a month": timedelta(days=30), "a year": YEAR}


class Subject:
    """A project, and a log of a size beside its own."""

    def __init__(self, root: Path, folder: Path, rows: int) -> None:
        self.project = load_project(root)
        from mlops_loop.prediction_log import open_prediction_log

        self.rows = rows
        address = f"sqlite:///{(folder / f'{rows}.db').resolve()}?durability=best_effort"
        self.log = open_prediction_log(
            address, root=folder, schema_digest=self.project.contract.schema_digest
        )

    def bundle(self) -> Any:
        from mlops_loop._bundle import read_bundle

        champion = self.project.published().champion
        return read_bundle(self.project.bundles.fetch(champion))

    def fill(self) -> None:
        """Append what is missing; every second row has its label."""
        from mlops_loop.prediction_log import Label, Record

        templates = self._templates()
        digest = self.project.contract.schema_digest
        begin, step = self.log.totals().predictions, YEAR / self.rows
        for start in range(begin, self.rows, BATCH):
            batch = []
            for at in range(start, min(start + BATCH, self.rows)):
                columns, output, label = templates[at % len(templates)]
                moment = UNTIL - YEAR + at * step
                name = f"{at:012}"
                batch.append(
                    (Record(name, None, moment, moment, columns, (output,), digest), label)
                )
            # Labels first: they wait for their prediction, which is quicker than to look it up.
            self.log.add_labels(
                [Label(one.prediction_id, label, one.event_time) for one, label in batch[::2]]
            )
            self.log.append([one for one, _ in batch]).result()
            print(f"{self.rows}: {start + len(batch)} rows", end="\r", file=sys.stderr)
        print(file=sys.stderr)

    def _templates(self) -> list[Any]:
        from mlops_loop.contract._columns import to_rows
        from mlops_loop.monitoring._samples import reference_sample
        from mlops_loop.prediction_log import Output

        contract = self.project.contract
        bundle = self.bundle()
        sample = reference_sample(contract, bundle, 5_000, 1)
        rows = to_rows(contract.inputs, sample.columns)
        labels = to_rows([contract.target], sample.columns)
        version = bundle.manifest.version
        outputs = [
            (
                Output(version, "champion", True, contract.classes[int(one.argmax())], one.tolist())
                if contract.classes
                else Output(version, "champion", True, float(one))
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
        import evidently.metrics  # noqa: F401
        import evidently.presets  # noqa: F401

        from mlops_loop._clock import ManualClock
        from mlops_loop.monitoring._options import MonitoringOptions
        from mlops_loop.monitoring._run import monitor

        imported = time.perf_counter() - began
        clock = ManualClock(UNTIL + timedelta(days=2))
        bundle = self.bundle()
        began, worked = time.perf_counter(), time.process_time()
        found = monitor(
            self.project.settings,
            self.project.contract,
            log=self.log,
            bundle=bundle,
            since=UNTIL - span,
            until=UNTIL,
            clock=clock,
            options=MonitoringOptions(page=page, version_only=True),
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
