"""`ingest` of a rendered project beside a bare script: rows a second, and peak memory.

Takes a project that is installed and has the sample, and works in a copy of it. The sample's year
is written again and again, its numbers jittered and its ids made new: each time a year later, so
that rows are in the order of time as those of most logs are, or with `--shuffled` within the same
year, its moments moved about. `ingest` checks, sets bad rows aside, finds repeats, sorts, and
writes a snapshot; the bare script (`bare_ingestion.py`) reads the same file, validates it with the
same pandera schema and writes it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from common import BenchmarkError, package

BARE = Path(__file__).with_name("bare_ingestion.py")

# Writes the year over and over, as Parquet or CSV. All rows are good.
_MADE = """
import sys
import numpy as np
import pyarrow as pa, pyarrow.compute as pc, pyarrow.csv, pyarrow.parquet

from mlops_loop.data._sources import open_source, read_all
from my_ml_project.project import project

target, rows, shuffled = sys.argv[1], int(sys.argv[2]), len(sys.argv) > 3
contract = project.contract
year = read_all(open_source("sample://flights", project.settings), contract)
time, identity = contract.time.name, contract.id.name
rng = np.random.default_rng(1)

def copy(number, count):
    table = year.slice(0, count)
    moved = np.full(count, number * 366 * 1440)
    if shuffled:
        moved = rng.integers(-20_000, 20_000, count)
    moved = moved.astype("timedelta64[m]")
    moments = pc.add(table[time], pa.array(moved.astype("timedelta64[us]")))
    table = table.set_column(table.schema.get_field_index(time), time, moments)
    ids = pc.binary_join_element_wise(table[identity], f"-{number}", "")
    table = table.set_column(table.schema.get_field_index(identity), identity, ids)
    noise = pa.array(rng.normal(size=count))
    for name in ("temperature", "pressure"):
        jittered = pc.round(pc.add(table[name], noise), 2)
        table = table.set_column(table.schema.get_field_index(name), name, jittered)
    return table

schema = copy(0, 1).schema
make = pyarrow.parquet.ParquetWriter if target.endswith(".parquet") else pyarrow.csv.CSVWriter
with make(target, schema) as writer:
    for number in range(-(-rows // len(year))):
        writer.write_table(copy(number, min(len(year), rows - number * len(year))))
"""


@dataclass(frozen=True)
class Run:
    """One process from start to end.

    Attributes:
        cpu: processor time in seconds.
        peak_mb: largest resident size, in megabytes (2**20 bytes).
    """

    seconds: float
    cpu: float
    peak_mb: float


def timed(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> Run:
    """Run to the end; memory and time are those of this process alone."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        spent = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = " ".join(map(str, command[:5]))
            raise BenchmarkError(f"'{words}' failed:\n{said.read()[-2000:].decode()}")
    return Run(spent, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


class Sides:
    """A copy of a project, a file of so many rows, and what both sides do with it."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.python = project / ".venv/bin/python"
        self.folder, self.project = folder, folder / "project"
        kept_out = shutil.ignore_patterns(".venv", "var", ".git", ".mypy_cache", "__pycache__")
        shutil.copytree(project, self.project, ignore=kept_out)
        self.package = package(self.project)
        # Byte code is warm on both sides, as it is wherever Python may write it.
        env = {**os.environ, "PYTHONPATH": str(self.project / "src")}
        self.env = {**env, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    def make(self, rows: int, ending: str, shuffled: bool) -> Path:
        path = self.folder / f"rows{ending}"
        command: list[str | Path] = [self.python, "-c", _MADE, path, str(rows)]
        timed([*command, *(["shuffled"] if shuffled else [])], self.project, self.env)
        return path

    def ours(self, source: Path) -> Run:
        shutil.rmtree(self.project / "var", ignore_errors=True)
        command: list[str | Path] = [self.python, "-m", self.package, "ingest", "--source", source]
        return timed(command, self.project, self.env)

    def bare(self, source: Path) -> Run:
        target = self.folder / "bare-written.parquet"
        found = timed([self.python, BARE, source, target], self.project, self.env)
        target.unlink()
        return found


def measure(sides: Sides, options: argparse.Namespace) -> list[dict[str, Any]]:
    """For each size and kind of file both sides by turns, after one round that does not count."""
    found = []
    for rows in options.rows:
        for ending in options.endings:
            source = sides.make(rows, ending, options.shuffled)
            runs: dict[str, list[Run]] = {"ours": [], "bare": []}
            for number in range(options.rounds + 1):
                for name, side in (("ours", sides.ours), ("bare", sides.bare)):
                    if name == "bare" and rows > options.bare_until:
                        continue
                    load = os.getloadavg()[0]
                    one = side(source)
                    label = f"round {number}" if number else "warm-up"
                    print(
                        f"{rows} rows, {ending}, {label} {name}: {one.seconds:.1f} s, {one.cpu:.1f}"
                        f" s of processor, {one.peak_mb:.0f} MB, load {load:.1f}",
                        file=sys.stderr,
                        flush=True,
                    )
                    if number or options.rounds == 0:
                        runs[name].append(one)
            source.unlink()
            found.append({"rows": rows, "file": ending, **runs})
    return found


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """Medians as Markdown, a line a file."""
    lines = [
        "| rows | file | rows a second ÷ bare | the same by processor | processor, s | bare, s "
        "| peak, MB | bare, MB |",
        "| --- " * 8 + "|",
    ]
    for one in found:
        ours, bare = one["ours"], one["bare"]
        cells = [f"{one['rows']:,}", one["file"]]
        for key in ("seconds", "cpu"):
            pairs = zip(bare, ours, strict=True) if bare else ()
            ratios = [getattr(b, key) / getattr(a, key) for b, a in pairs]
            cells.append(f"{median(ratios):.2f}" if ratios else "–")
        for key, digits in (("cpu", 1), ("peak_mb", 0)):
            for runs in (ours, bare):
                values = [getattr(run, key) for run in runs]
                cells.append(f"{median(values):.{digits}f}" if values else "–")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("project", type=Path, help="a rendered, installed project with the sample")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--endings", nargs="+", default=[".parquet", ".csv"])
    parser.add_argument("--shuffled", action="store_true", help="rows in no order of time")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s); 0: the first counts")
    parser.add_argument(
        "--bare-until", type=int, default=1_000_000, help="rows that fit into memory (%(default)s)"
    )
    parser.add_argument("--work", type=Path, help="folder for the files, by default the system's")
    parser.add_argument("--json", type=Path, help="write every single measurement to this file")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="ingestion-", dir=options.work) as folder:
            found = measure(Sides(options.project.resolve(), Path(folder)), options)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(found))
    print(
        f"\n{options.rounds} rounds by turns, medians; load average {os.getloadavg()[0]:.1f} after"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, default=vars) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
