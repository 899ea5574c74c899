"""A scoring job: what is read, how it is predicted, and where the output goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .._settings import Csv
from ..contract import Column
from ..data._remote import File
from .parts import Part
from .tables import Block, Tables

Record = Callable[[Block], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        columns: the columns to read.
        origin: the input as it was given, for rejected rows.
        quarantine: file for rejected rows.
        folder: folder for parts.
        fingerprint: differs if input, model or options do.
        record: called with each block of predictions.
        progress: called with the number of rows done.
    """

    files: Sequence[File]
    columns: Sequence[Column]
    csv: Csv
    batch_rows: int
    tables: Tables
    origin: str
    output: File
    quarantine: File
    folder: Path
    fingerprint: str
    record: Record | None
    progress: Callable[[int], None]


class Finished(NamedTuple):
    """The parts of a job, and how many rows were in those of an interrupted run."""

    parts: list[Part]
    resumed: int
