"""Delimited text, read by Arrow a block at a time; every value is a text or null.

Rows that have another number of values than the header are yielded as `MalformedRows`.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ..._settings import DETECT, Csv
from ...contract import Column
from ...errors import SourceError
from .._remote import File
from .dialect import detect_dialect, first_lines, fits, has_padded_quotes, is_aligned
from .encoding import detect_encoding, reject_binary
from .formats import opened_text
from .malformed import MalformedRows, is_malformed

# A row has to fit into a block; the second size is for files with a longer one.
_BLOCK_BYTES = (1 << 20, 64 << 20)
_HEAD_BYTES = 1 << 16
_NUMERIC = ("integer", "number")


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


def header(file: File, csv: Csv) -> list[str]:
    """Names as they stand in the file.

    Raises:
        SourceError: if it is empty, binary or not text in its encoding.
    """
    with opened_text(file) as content:
        reject_binary(file, content.read(_HEAD_BYTES))
    small, large = _BLOCK_BYTES
    try:
        return _header(file, csv, small)
    except _LongRowError:
        return _header(file, csv, large)


def _header(file: File, csv: Csv, block_bytes: int) -> list[str]:
    reading = pyarrow.csv.ReadOptions(
        block_size=block_bytes, skip_rows=csv.skip, encoding=csv.encoding, use_threads=False
    )
    parsing = _parsing(csv, lambda row: "skip")
    with opened_text(file) as content, _arrow_errors(file, csv):
        with pyarrow.csv.open_csv(content, reading, parsing) as reader:
            names: list[str] = reader.schema.names
            return names


class _LongRowError(SourceError):
    """A row is longer than a block."""


def batches(
    file: File, names: list[str], present: list[int], csv: Csv, nulls: Sequence[str]
) -> Iterator[pa.Table]:
    """Blocks of the columns at these positions; malformed rows follow the block they were in."""
    wanted = [names[at] for at in present]
    converting = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in wanted},
        include_columns=wanted,
        null_values=list(nulls),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    small, large = _BLOCK_BYTES
    # Rows that were yielded, good ones and malformed ones.
    done = [0, 0]
    try:
        for table in _blocks(file, names, csv, converting, small):
            done[is_malformed(table)] += table.num_rows
            yield table
    except _LongRowError:
        for table in _blocks(file, names, csv, converting, large):
            kind = is_malformed(table)
            again = min(done[kind], table.num_rows)
            done[kind] -= again
            yield table.slice(again)


def _blocks(
    file: File,
    names: list[str],
    csv: Csv,
    converting: pyarrow.csv.ConvertOptions,
    block_bytes: int,
) -> Iterator[pa.Table]:
    reading = pyarrow.csv.ReadOptions(
        block_size=block_bytes,
        column_names=names,
        skip_rows=csv.skip,
        skip_rows_after_names=1,
        encoding=csv.encoding,
        use_threads=False,  # rows are numbered only then, and one thread is as fast
    )
    malformed = _Malformed(file, csv)
    with opened_text(file) as content, _arrow_errors(file, csv):
        parsing = _parsing(csv, malformed.skip)
        with pyarrow.csv.open_csv(content, reading, parsing, converting) as reader:
            table = reader.schema.empty_table()
            yield table
            for batch in reader:
                table = pa.Table.from_batches([batch])
                yield table
                if malformed.rows:
                    yield malformed.take().table()
            if malformed.rows:
                yield malformed.take().table()
            _require_closed_quote(file, table)


class _Malformed:
    """Collects the rows that Arrow skips, and finds their lines."""

    def __init__(self, file: File, csv: Csv) -> None:
        self.rows: list[pyarrow.csv.InvalidRow] = []
        self._file = file
        self._lines = _numbered_lines(file, csv.encoding)

    def skip(self, row: pyarrow.csv.InvalidRow) -> str:
        self.rows.append(row)
        return "skip"

    def take(self) -> MalformedRows:
        rows, self.rows = self.rows, []
        lines = [self._line(row.text) for row in rows]
        problems = [f"{row.actual_columns} values, expected {row.expected_columns}" for row in rows]
        return MalformedRows(str(self._file), lines, problems, [row.text for row in rows])

    def _line(self, text: str) -> int:
        """The next line that begins the row. Arrow numbers rows, which may have several lines."""
        first = text.partition("\n")[0].rstrip("\r")
        return next((number for number, line in self._lines if line == first), 0)


def _numbered_lines(file: File, encoding: str) -> Iterator[tuple[int, str]]:
    with (
        opened_text(file) as content,
        io.TextIOWrapper(content, encoding, errors="replace") as text,
    ):
        for number, line in enumerate(text, 1):
            yield number, line.rstrip("\n")


def _parsing(csv: Csv, skip: object) -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(
        delimiter=csv.delimiter,
        quote_char=csv.quote or False,
        escape_char=csv.escape or False,
        newlines_in_values=True,
        invalid_row_handler=skip,
    )


def _head(file: File, encoding: str) -> list[str]:
    """The first lines of a file, which has some."""
    try:
        with (
            opened_text(file) as content,
            io.TextIOWrapper(content, encoding, newline="") as text,
        ):
            lines = first_lines(text)
    except UnicodeError as error:
        raise _encoding_error(file, encoding) from error
    if not any(line.strip("\ufeff \r\n") for line in lines):
        raise SourceError(f"{file} is empty")
    lines[0] = lines[0].removeprefix("\ufeff")
    return lines


@contextmanager
def _arrow_errors(file: File, csv: Csv) -> Iterator[None]:
    """Raise a SourceError in words of ours for an error of Arrow."""
    try:
        yield
    except UnicodeError as error:
        raise _encoding_error(file, csv.encoding) from error
    except pa.ArrowException as error:
        reason = str(error)
        if "UTF8" in reason or "codec" in reason:
            raise _encoding_error(file, csv.encoding) from error
        if "Empty CSV" in reason:
            raise SourceError(f"{file} is empty") from error
        raise _LongRowError(
            f"{file} has a row of more than {_BLOCK_BYTES[1] >> 20} MB: is a quote {csv.quote} "
            "never closed? Give another one with --quote or csv.quote, e.g. --quote none"
        ) from error


def _encoding_error(file: File, encoding: str) -> SourceError:
    return SourceError(
        f"{file} is not text in {encoding}: give its encoding with --encoding, e.g. cp1252, or as "
        "csv.encoding in config/project.yaml"
    )


def _require_closed_quote(file: File, last: pa.Table) -> None:
    """A quote that is never closed makes one value of all lines up to the end of the file."""
    if not last.num_rows or not last.num_columns:
        return
    value = last.column(last.num_columns - 1)[-1].as_py()
    if value is not None and value.endswith("\n"):
        first = value.partition("\n")[0]
        raise SourceError(
            f"{file}: the quote before {first[:40]!r} is never closed; correct the row, or read "
            "quotes as text with --quote none"
        )


def in_decimals_of(columns: Sequence[Column], csv: Csv, table: pa.Table) -> pa.Table:
    """Numbers in the spelling of the contract, if the file has another decimal sign."""
    if csv.decimal is None:
        return table
    for column in columns:
        own = column.parsing.decimal if column.parsing else "."
        if column.type in _NUMERIC and own != csv.decimal and column.name in table.column_names:
            at = table.schema.get_field_index(column.name)
            grouped = rf"[{own}](\d\d\d)"
            texts = pc.replace_substring_regex(table[column.name], grouped, r"\1")
            texts = pc.replace_substring(texts, csv.decimal, own)
            table = table.set_column(at, column.name, texts)
    return table
