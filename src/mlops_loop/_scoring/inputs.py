"""Input files of a scoring job, and their identity."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from .._predictor import Predictor
from .._settings import Csv
from ..contract import Contract
from ..data._remote import File
from ..data._sources.file_discovery import find_files
from ..data._sources.file_state import file_state
from ..data._table_file import require_table_suffix
from ..errors import InputError


def find_inputs(source: str, output: File, folder: Path) -> list[File]:
    """The files to read, without parts of an output in the same folder.

    Raises:
        InputError: if the output is one of them, or a folder.
    """
    if isinstance(output, Path) and output.is_dir():
        raise InputError(f"{output} is a folder: give the file to write to")
    require_table_suffix(output)
    files = [file for file in find_files(source, Path()) if not _is_below(file, folder.resolve())]
    if str(_same(output)) in {str(_same(file)) for file in files}:
        raise InputError(f"{output} is the input: give another file to write to")
    return files


def _is_below(file: File, folder: Path) -> bool:
    return isinstance(file, Path) and folder in file.resolve().parents


def _same(file: File) -> File:
    return file.resolve() if isinstance(file, Path) else file


def identity(files: Sequence[File], contract: Contract, predictor: Predictor, csv: Csv) -> str:
    """Identity of a job: the state of the files, the contract and the model."""
    seen = [file_state(file) for file in files]
    model = predictor.manifest
    made = (model.version, model.created, model.features_digest)
    return msgspec.json.encode([seen, contract.digest, made, csv.model_dump()]).decode()


def skip_rows(rows: int, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The batches without the first rows and without empty tables."""
    for batch in batches:
        skipped = min(rows, batch.num_rows)
        rows -= skipped
        if skipped < batch.num_rows:
            yield batch.slice(skipped)
