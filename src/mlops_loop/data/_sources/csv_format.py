"""How a text file is written: its dialect and encoding, detected or checked."""

import io
from collections.abc import Mapping

from ..._settings import DETECT, Csv
from ...errors import SourceError
from .._remote import File
from .compression import opened_text
from .dialect import detect_dialect, first_lines, fits, has_padded_quotes, is_aligned
from .encoding import detect_encoding


def detect(file: File, given: Mapping[str, str | None] | None = None) -> Csv:
    """The dialect and encoding of a file, as far as they are not given.

    Raises:
        SourceError: if it is empty, binary, or not text in the given encoding.
    """
    fixed = dict(given or {})
    encoding = fixed.pop("encoding", None) or detect_encoding(file)
    decimal = fixed.pop("decimal", None)
    lines = _head(file, encoding)
    dialect = detect_dialect(lines, fixed)
    if dialect.delimiter == " " and is_aligned(lines):
        raise _conversion(file, "columns are aligned by several blanks", r"sep=r'\s+'")
    if has_padded_quotes(lines, dialect):
        raise _conversion(file, "blanks stand before quotes", "skipinitialspace=True")
    return dialect.model_copy(update={"encoding": encoding, "decimal": decimal})


def _conversion(file: File, problem: str, option: str) -> SourceError:
    return SourceError(
        f'{file}: {problem}. Convert it: python -c "import pandas; '
        f"pandas.read_csv('{file}', {option}).to_parquet('table.parquet')\""
    )


def with_encoding(file: File, csv: Csv) -> Csv:
    """The dialect with the encoding of this file, if the settings leave it open."""
    if csv.encoding != DETECT:
        return csv
    return csv.model_copy(update={"encoding": detect_encoding(file)})


def is_in_dialect(file: File, csv: Csv) -> bool:
    """Whether the first rows of a file are as wide as its header."""
    try:
        return fits(_head(file, csv.encoding), csv)
    except SourceError:
        return False


def _head(file: File, encoding: str) -> list[str]:
    """The first lines of a file, which has some."""
    try:
        with (
            opened_text(file) as content,
            io.TextIOWrapper(content, encoding, newline="") as text,
        ):
            lines = first_lines(text)
    except UnicodeError as error:
        raise encoding_error(file, encoding) from error
    if not any(line.strip("\ufeff \r\n") for line in lines):
        raise SourceError(f"{file} is empty")
    lines[0] = lines[0].removeprefix("\ufeff")
    return lines


def encoding_error(file: File, encoding: str) -> SourceError:
    """The error for a file that is not in this encoding; names the one that is detected."""
    try:
        likely = detect_encoding(file)
    except SourceError as error:
        return error
    return SourceError(
        f"{file} is not text in {encoding}, but probably in {likely}: give --encoding {likely}, or "
        "csv.encoding in config/project.yaml"
    )
