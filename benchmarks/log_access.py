"""What a prediction log takes to answer, as it fills: windows, samples, one prediction, one key.

Takes a rendered project and uses its prediction log, at any address that it has a store for; the
rows are its contract's example. All of them lie in one year, however many they are. One version
answered all of them; in the year's last tenth a second one does beside it, or for one row in a
hundred a third.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from common import load_project

START = datetime(2013, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
WINDOWS = {"an hour": timedelta(hours=1), "30 days": timedelta(days=30), "the year": YEAR}
# Rows that are asked for at most.
LIMIT = 500
# The last part of the year, in which others answer as well; one row in so many by the third.
OTHERS = START + 0.9 * YEAR
RARE = 100
VERSIONS = {"a version of a tenth": "2", "a version of a thousandth": "3", "no version": "4"}
# Every so many rows have a label.
_LABELLED = 10
_ROWS_A_JOB = 2_000
_SEED = 1

Question = Callable[[], int]


class Filled:
    """A log that is filled up to one number of rows after another.

    Row `n` has the id and key that `name` gives, and a moment drawn from the year.
    """

    def __init__(self, log: Any, contract: Any) -> None:
        from mlops_loop.contract._json_schema import example_row

        self.log = log
        self.rows = 0
        self._row = example_row(contract)
        self._digest = contract.schema_digest
        self._random = np.random.default_rng(_SEED)

    def fill(self, rows: int) -> float:
        """Append up to so many rows in all; seconds that took."""
        began = time.perf_counter()
        while self.rows < rows:
            stop = min(self.rows + _ROWS_A_JOB, rows)
            numbers = range(self.rows, stop)
            self.log.append([self._record(number) for number in numbers]).result()
            labels = [self._label(number) for number in numbers if number % _LABELLED == 0]
            self.log.add_labels(labels)
            self.rows = stop
        return time.perf_counter() - began

    def _record(self, number: int) -> Any:
        from mlops_loop.prediction_log import Output, Record

        at = START + float(self._random.random()) * YEAR
        versions = ["1"]
        if at >= OTHERS:
            versions.append("3" if number % RARE == 0 else "2")
        outputs = tuple(
            Output(version, "champion", True, True, [0.25, 0.75]) for version in versions
        )
        own = name(number)
        return Record(own, f"key-{own}", at, at, self._row, outputs, self._digest)

    def _label(self, number: int) -> Any:
        from mlops_loop.prediction_log import Label

        return Label(name(number), True, START)


def name(number: int) -> str:
    """An id of the length of a UUID, in the order of arrival as the service's are."""
    return f"00000000-0000-7000-8000-{number:012x}"


class Questions:
    """What a log is asked; each answer is the number of rows it brought."""

    def __init__(self, filled: Filled) -> None:
        self._log = filled.log
        self._rows = filled.rows
        self._random = np.random.default_rng(_SEED)

    def all(self) -> dict[str, Question]:
        asked: dict[str, Question] = {
            "one prediction by its id": self._one,
            "erase one key": self._erase,
        }
        for words, span in WINDOWS.items():
            asked[f"count {words}"] = partial(self._count, span)
            asked[f"sample of {LIMIT} from {words}"] = partial(self._sample, span)
            asked[f"labelled sample of {LIMIT} from {words}"] = partial(self._labelled, span)
            asked[f"first {LIMIT} rows of {words}"] = partial(self._first, span)
        for words, version in VERSIONS.items():
            asked[f"count {words}, the year"] = partial(self._count, YEAR, version)
            asked[f"sample of {LIMIT} from {words}, the year"] = partial(
                self._sample, YEAR, version
            )
            asked[f"first {LIMIT} rows of {words}, the year"] = partial(self._first, YEAR, version)
        return asked

    def _one(self) -> int:
        return int(self._log.get(self._any()) is not None)

    def _erase(self) -> int:
        return int(self._log.erase(f"key-{self._any()}"))

    def _count(self, span: timedelta, version: str | None = None) -> int:
        return int(self._log.count(*self._window(span), version=version).predictions)

    def _sample(self, span: timedelta, version: str | None = None) -> int:
        return len(self._log.sample(*self._window(span), LIMIT, version=version))

    def _labelled(self, span: timedelta) -> int:
        return len(self._log.sample(*self._window(span), LIMIT, labelled=True))

    def _first(self, span: timedelta, version: str | None = None) -> int:
        return len(list(islice(self._log.rows(*self._window(span), version=version), LIMIT)))

    def _any(self) -> str:
        return name(int(self._random.integers(self._rows)))

    def _window(self, span: timedelta) -> tuple[datetime, datetime]:
        since = START + float(self._random.random()) * (YEAR - span)
        return since, since + span


def measure(filled: Filled, repeats: int) -> Iterator[dict[str, Any]]:
    """Milliseconds and rows of each question, medians; by turns, so that all see one machine."""
    asked = Questions(filled).all()
    times: dict[str, list[float]] = {words: [] for words in asked}
    got: dict[str, list[int]] = {words: [] for words in asked}
    for number in range(repeats + 1):
        for words, options in asked.items():
            began = time.perf_counter()
            rows = options()
            # The first round fills the caches.
            if number:
                times[words].append(1e3 * (time.perf_counter() - began))
                got[words].append(rows)
    for words in asked:
        yield {"question": words, "ms": median(times[words]), "rows": median(got[words])}


def benchmark(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    project = load_project(options.project)
    from mlops_loop.prediction_log import open_prediction_log

    address = options.address or f"sqlite:///{folder}/predictions.db"
    log = open_prediction_log(address, root=folder, schema_digest=project.contract.schema_digest)
    try:
        if log.totals().predictions:
            raise SystemExit(f"error: the log at {address} holds predictions: give an empty one")
        filled, result = Filled(log, project.contract), []
        for rows in sorted(options.rows):
            seconds = filled.fill(rows)
            found = list(measure(filled, options.repeats))
            result.append({"rows": rows, "filled_in_seconds": seconds, "questions": found})
            print(f"{rows:,} rows, filled in {seconds:.0f} s", file=sys.stderr)
        return result
    finally:
        log.close()


def table(result: Sequence[dict[str, Any]]) -> str:
    """Milliseconds and rows by question and size, as Markdown."""
    lines = [("ms (rows)", *(f"{stage['rows']:,} rows" for stage in result), "last ÷ first")]
    lines.append(("---",) * len(lines[0]))
    for each in zip(*(stage["questions"] for stage in result)):
        cells = [f"{found['ms']:.2f} ({found['rows']:.0f})" for found in each]
        lines.append((each[0]["question"], *cells, f"{each[-1]['ms'] / each[0]['ms']:.1f}"))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("project", type=Path, help="a rendered, installed project")
    parser.add_argument("--address", help="an empty log, by default a SQLite file of its own")
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000], help="sizes"
    )
    parser.add_argument("--repeats", type=int, default=15, help="of each question (default 15)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    options.project = options.project.resolve()
    (options.project / "var").mkdir(exist_ok=True)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.project / "var") as made:
        result = benchmark(options, Path(made))
    print(table(result))
    print(f"\nload average {before:.1f} before and {os.getloadavg()[0]:.1f} after")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
