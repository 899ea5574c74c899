"""Formats of table files, by the endings of their names."""

from typing import Literal

from .._remote import File
from .compression import endings

Format = Literal["csv", "json lines", "parquet", "feather", "orc", "excel"]
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".orc": "orc",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".xlsb": "excel",
    ".ods": "excel",
}
# Formats with types of their own, which all have one writer's schema.
COLUMNAR = ("parquet", "feather", "orc")
_TEXT = ("csv", "json lines")


def format_of(file: File) -> Format | None:
    """The format of a file, by the ending of its name; None if it is none of ours."""
    ending, compression = endings(file)
    found = FORMATS.get(ending)
    return None if compression and found not in _TEXT else found


def is_text(file: File) -> bool:
    """Whether a file is delimited text, by its ending."""
    return format_of(file) == "csv"
