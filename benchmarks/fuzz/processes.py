"""Targets beside each other, each in a process of its own, and their results on the screen."""

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from . import bodies, tables
from .target import Result, fuzz

TARGETS = {target.name: target for target in [*bodies.TARGETS, *tables.TARGETS]}
FOLDER = Path("build/fuzz")
FAILED = 3


def run(name: str, seconds: float, seed: int) -> None:
    """Fuzz one target, print its result and exit, with code 3 after an unexpected exception."""
    target = TARGETS[name]
    result = fuzz(target, seconds, seed, _last_input(name))
    print(_described(name, target.suffix, result), flush=True)
    _last_input(name).unlink(missing_ok=True)
    sys.exit(FAILED if result.unexpected else 0)


def run_apart(name: str, seconds: float, seed: int) -> bool:
    """Fuzz one target in a process of its own, which may crash; whether nothing was found."""
    process = multiprocessing.get_context("spawn").Process(target=run, args=(name, seconds, seed))
    process.start()
    process.join()
    if process.exitcode not in (0, FAILED):
        print(f"{name}: the process ended with {process.exitcode} on {_last_input(name)}")
    return process.exitcode == 0


def _last_input(name: str) -> Path:
    return FOLDER / f"{name}-last{TARGETS[name].suffix}"


def _described(name: str, suffix: str, result: Result) -> str:
    lines = [f"{name}: {result.cases:,} cases, {len(result.unexpected)} unexpected exceptions"]
    for number, (kind, (text, content)) in enumerate(result.unexpected.items()):
        path = FOLDER / f"{name}-{number}{suffix}"
        path.write_bytes(content)
        lines += [f"  {kind}: {path} ({len(content)} bytes)", text]
    return "\n".join(lines)


def fuzz_all(names: Sequence[str], seconds: float, seed: int, workers: int) -> bool:
    """Fuzz targets beside each other, all within a time; whether nothing was found."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    share = seconds * workers / len(names)
    with ThreadPoolExecutor(workers) as pool:
        passed = [*pool.map(partial(run_apart, seconds=share, seed=seed), names)]
    return all(passed)
