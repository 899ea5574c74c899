"""What a durable row costs the process that appends it, for groups of 1 and of 15 rows a commit.

Appends the example row of a rendered project's contract to an empty log and waits for each group.
Reports processor time of the process (user and system, the writer's thread included), the best and
the median of several rounds, and wall time, which is mostly the disk's or the server's. On a busy
machine, compare the best.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from common import load_project

NOW = datetime(2013, 6, 1, tzinfo=UTC)
GROUPS = (1, 15)


def batches(contract: Any, size: int, count: int, prefix: str) -> list[list[Any]]:
    from mlops_loop.contract._json_schema import example_row
    from mlops_loop.prediction_log import Output, Record

    row, outputs = example_row(contract), (Output("1", "champion", True, True, [0.25, 0.75]),)
    return [
        [
            Record(f"{prefix}-{batch:08}-{number:04}", "key", NOW, NOW, row, outputs)
            for number in range(size)
        ]
        for batch in range(count)
    ]


def append(log: Any, groups: list[list[Any]]) -> tuple[float, float]:
    """Microseconds of processor and of wall time a row."""
    rows = sum(map(len, groups))
    wall, processor = time.perf_counter(), time.process_time()
    for group in groups:
        log.append(group).result()
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    return 1e6 * processor / rows, 1e6 * wall / rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project")
    parser.add_argument("--address", help="an empty log, by default a SQLite file of its own")
    parser.add_argument("--commits", type=int, default=1_000, help="of each round (default 1000)")
    parser.add_argument("--rounds", type=int, default=7, help="of each size (default 7)")
    options = parser.parse_args()
    contract = load_project(options.project.resolve()).contract
    from mlops_loop.prediction_log import open_prediction_log

    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        address = options.address or f"sqlite:///{folder}/predictions.db"
        log = open_prediction_log(address, root=Path(folder))
        append(log, batches(contract, 1, options.commits, "warm"))
        measured: dict[int, list[tuple[float, float]]] = {size: [] for size in GROUPS}
        for number in range(options.rounds):
            for size in GROUPS:
                groups = batches(contract, size, options.commits, f"{number}-{size}")
                measured[size].append(append(log, groups))
        log.close()
    print("| rows a commit | µs processor a row: best | median | µs wall a row: median |")
    print("| --- | --- | --- | --- |")
    for size, rounds in measured.items():
        processor, wall = zip(*rounds)
        print(f"| {size} | {min(processor):.1f} | {median(processor):.1f} | {median(wall):.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
