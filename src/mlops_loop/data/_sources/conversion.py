"""Formats that are not read, and the lines that convert them."""

from pathlib import PurePosixPath

import msgspec

from ...errors import SourceError
from .._remote import File
from .compression import endings, opened_text
from .formats import FORMATS, format_of

_LONGEST_LINE = 1 << 20
_DATABASES = (".db", ".sqlite", ".sqlite3", ".duckdb")
# Python that makes a pandas frame of a file.
_FRAMES = {
    ".arff": "pandas.DataFrame(scipy.io.arff.loadarff('{}')[0])",
    ".avro": "pandas.DataFrame(fastavro.reader(open('{}', 'rb')))",
    ".dta": "pandas.read_stata('{}')",
    ".fwf": "pandas.read_fwf('{}')",
    ".h5": "pandas.read_hdf('{}')",
    ".htm": "pandas.read_html('{}')[0]",
    ".html": "pandas.read_html('{}')[0]",
    ".json": "pandas.read_json('{}')",
    ".npy": "pandas.DataFrame(numpy.load('{}')).add_prefix('x')",
    ".pickle": "pandas.read_pickle('{}')",
    ".pkl": "pandas.read_pickle('{}')",
    ".sas7bdat": "pandas.read_sas('{}')",
    ".sav": "pandas.read_spss('{}')",
    ".xml": "pandas.read_xml('{}')",
    ".xpt": "pandas.read_sas('{}')",
}
_IMPORTS = {".arff": "pandas, scipy.io.arff", ".avro": "fastavro, pandas", ".npy": "numpy, pandas"}
_R = {
    ".rds": "write.csv(readRDS('{}'), '{}.csv', row.names = FALSE)",
    ".rdata": "write.csv(get(load('{}')), '{}.csv', row.names = FALSE)",
    ".rda": "write.csv(get(load('{}')), '{}.csv', row.names = FALSE)",
}


def require_readable(file: File) -> None:
    """Check that the format of a file is one of ours.

    Raises:
        SourceError: if it is not; the message has the line that converts the file.
    """
    if format_of(file) is None:
        raise SourceError(f"{file}: {_remedy(file)}")


def _remedy(file: File) -> str:
    ending, compression = endings(file)
    whole = str(file)
    stem = whole.removesuffix(PurePosixPath(whole).suffix)
    if compression:
        return "decompress it first; only text files are read compressed"
    if ending in _DATABASES:
        return (
            "this is a database; give its SQLAlchemy URL with a query, e.g. "
            f"sqlite:///{whole} --query 'select * from …'"
        )
    if ending == ".json" and _has_an_object_a_line(file):
        return "there is a JSON object in each line; name it .jsonl"
    if ending in _R:
        code = _R[ending].format(whole, stem)
        return f'{ending} files are not read. Convert it: Rscript -e "{code}"'
    if ending in _FRAMES:
        packages, frame = _IMPORTS.get(ending, "pandas"), _FRAMES[ending].format(whole)
        code = f"import {packages}; {frame}.to_parquet('{stem}.parquet')"
        return f'{ending} files are not read. Convert it: python -c "{code}"'
    return (
        f"files that end in {ending or 'nothing'} are not read; convert it to .csv or .parquet "
        f"(also read: {', '.join(sorted(FORMATS))})"
    )


def _has_an_object_a_line(file: File) -> bool:
    with opened_text(file) as content:
        line = content.readline(_LONGEST_LINE)
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeError):
        return False
