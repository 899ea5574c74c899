"""Formats of table files, by the endings of their names."""

from pathlib import PurePosixPath
from typing import Literal

import msgspec

from ...errors import SourceError
from .._remote import File
from .compression import endings, opened_text

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
_LONGEST_LINE = 1 << 20
_DATABASES = (".db", ".sqlite", ".sqlite3", ".duckdb")
# Functions of pandas that read what is not read here.
_PANDAS = {
    ".json": "read_json('{}')",
    ".dta": "read_stata('{}')",
    ".sas7bdat": "read_sas('{}')",
    ".xpt": "read_sas('{}')",
    ".sav": "read_spss('{}')",
    ".pkl": "read_pickle('{}')",
    ".pickle": "read_pickle('{}')",
    ".h5": "read_hdf('{}')",
    ".xml": "read_xml('{}')",
    ".html": "read_html('{}')[0]",
    ".htm": "read_html('{}')[0]",
    ".fwf": "read_fwf('{}')",
}


def format_of(file: File) -> Format | None:
    """The format of a file, by the ending of its name; None if it is none of ours."""
    ending, compression = endings(file)
    found = FORMATS.get(ending)
    return None if compression and found not in _TEXT else found


def is_text(file: File) -> bool:
    """Whether a file is delimited text, by its ending."""
    return format_of(file) == "csv"


def require_readable(file: File) -> None:
    """Check that the format of a file is one of ours.

    Raises:
        SourceError: if it is not; the message has the line that converts the file.
    """
    if format_of(file) is not None:
        return
    ending, compression = endings(file)
    name = PurePosixPath(str(file)).name
    if compression:
        raise SourceError(f"{file}: decompress it first; only text files are read compressed")
    if ending in _DATABASES:
        raise SourceError(
            f"{file} is a database: give its SQLAlchemy URL with a query, e.g. "
            f"sqlite:///{name} --query 'select * from …'"
        )
    if ending == ".json" and _has_an_object_a_line(file):
        raise SourceError(f"{file} has a JSON object in each line: name it .jsonl")
    stem = name.removesuffix(PurePosixPath(name).suffix)
    if ending in _PANDAS:
        call = _PANDAS[ending].format(name)
        raise SourceError(
            f'{file}: {ending} files are not read. Convert it: python -c "import pandas; '
            f"pandas.{call}.to_parquet('{stem}.parquet')\""
        )
    raise SourceError(
        f"{file}: files that end in {ending or 'nothing'} are not read; convert it to .csv or "
        f".parquet (also read: {', '.join(sorted(FORMATS))})"
    )


def _has_an_object_a_line(file: File) -> bool:
    with opened_text(file) as content:
        line = content.readline(_LONGEST_LINE)
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeError):
        return False
