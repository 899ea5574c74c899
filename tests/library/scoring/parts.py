"""Scoring in small parts, which can be cut off in the middle."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mlops_loop._scoring import score

from .inputs import predictor

# Refused rows in the second, third and last part of those that `in_parts` makes.
MIXED = [0.2, 0.9, 0.6, -1.0, None, 0.3, 0.4, -1.0, 0.5, 0.7, 0.1, None]


def in_parts(
    folder: Path,
    target: str = "out.parquet",
    version: str = "7",
    progress: Callable[[int], None] | None = None,
) -> tuple[pa.Table, pa.Table, int]:
    """Score `in.parquet` in parts of two rows: the output, the quarantine, and rows kept."""
    scored = score(
        folder / "in.parquet",
        folder / target,
        predictor(version=version),
        batch_rows=2,
        part_seconds=0,
        progress=progress,
    )
    assert scored.quarantine_path is not None and scored.rows == len(MIXED)
    assert scored.warnings == {"level is above 5": 4}
    read = pyarrow.parquet.read_table
    return read(scored.output), read(scored.quarantine_path), scored.resumed


def die(rows: int) -> None:
    """End this process at once in the middle of the fourth part."""
    if rows >= 8:
        os.kill(os.getpid(), signal.SIGKILL)
