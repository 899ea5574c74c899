"""Finished parts of an output, kept beside it until all of them are done.

`<output>.parts/` (in the workspace, if the output is behind a URL) holds the job's fingerprint, and
for each finished part `<n>.parquet`, with its refused rows in `<n>.quarantine.parquet` if it has
any. `<n>.json` is written last and says that the part counts. Parts are Parquet files, whatever the
format of the output.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec
import pyarrow as pa
import pyarrow.parquet

from .._atomic import atomic_write, sync_file
from .._file_lock import file_lock
from .._formats import SCORING_JOB
from ..data._remote import File
from ..data._table_file import is_csv, table_writer
from ..errors import InputError, StoreError

_JOB = "job.json"
# A column with more different texts in a row group goes on without a dictionary.
_DICTIONARY_BYTES = 1 << 16


class _Job(msgspec.Struct, frozen=True):
    """What all parts belong to. Its format is that of the folder."""

    fingerprint: str


class Part(msgspec.Struct):
    """Numbers of rows of a part; see `Scored`."""

    rows: int = 0
    predicted: int = 0
    warnings: dict[str, int] = {}

    def warn(self, found: dict[str, int]) -> None:
        for text, rows in found.items():
            self.warnings[text] = self.warnings.get(text, 0) + rows


@dataclass(frozen=True)
class Parts:
    """The parts of one job, in the order of the input."""

    folder: Path
    done: list[Part]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.done)

    @property
    def draft(self) -> Path:
        """Where the next part's predictions are written."""
        return self._predictions(len(self.done))

    @property
    def quarantine_draft(self) -> Path:
        return self._quarantine(len(self.done))

    def commit_part(self, part: Part) -> None:
        """Let what stands in the drafts count, as soon as it is on disk."""
        sync_file(self.draft)
        if part.predicted < part.rows:
            sync_file(self.quarantine_draft)
        with atomic_write(self.folder / f"{len(self.done)}.json") as draft:
            draft.write_bytes(msgspec.json.encode(part))
        self.done.append(part)

    def assemble(self, target: File, quarantine: File) -> None:
        """Put the parts together, the refused rows first; then they are gone.

        Raises:
            InputError: if the store behind a URL refuses; the parts are kept.
        """
        numbers = range(len(self.done))
        bad = [self._quarantine(n) for n in numbers if self.done[n].predicted < self.done[n].rows]
        if bad:
            _deliver(self._assembled(bad, csv=is_csv(quarantine)), quarantine)
        elif isinstance(quarantine, Path):
            quarantine.unlink(missing_ok=True)
        else:
            quarantine.remove()
        good = [self._predictions(number) for number in numbers]
        _deliver(self._assembled(good, csv=is_csv(target)), target)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _assembled(self, files: list[Path], *, csv: bool) -> Path:
        """One file with the row groups of all; a single Parquet file stays as it is."""
        if len(files) == 1 and not csv:
            return files[0]
        whole = self.folder / "whole.draft"
        schema = pyarrow.parquet.read_schema(files[0])
        with table_writer(whole, schema, csv=True) if csv else writer(whole, schema) as output:
            for file in files:
                with pyarrow.parquet.ParquetFile(file) as opened:
                    for number in range(opened.num_row_groups):
                        output.write_table(opened.read_row_group(number))
        return whole

    def _predictions(self, number: int) -> Path:
        return self.folder / f"{number}.parquet"

    def _quarantine(self, number: int) -> Path:
        return self.folder / f"{number}.quarantine.parquet"

    def resume(self, job: str) -> None:
        """Find what is done of this job; of another one nothing is kept.

        Raises:
            InputError: if the folder is in a format that is not known, or is damaged.
        """
        if self._job() != job:
            for path in self.folder.iterdir():
                if path.suffix in (".json", ".parquet", ".draft"):
                    path.unlink()
            with atomic_write(self.folder / _JOB) as draft:
                draft.write_bytes(SCORING_JOB.encode(_Job(job)))
            return
        while (said := _read(self.folder / f"{len(self.done)}.json")) is not None:
            part = msgspec.json.decode(said, type=Part)
            refused = part.predicted < part.rows
            if not self.draft.exists() or (refused and not self.quarantine_draft.exists()):
                break
            self.done.append(part)
        for path in self.folder.glob("*.json"):
            # What comes behind a part that is done anew would not fit behind it.
            if path.name != _JOB and int(path.stem) >= len(self.done):
                path.unlink()

    def _job(self) -> str | None:
        path = self.folder / _JOB
        content = _read(path)
        return None if content is None else SCORING_JOB.decode(content, _Job, path).fingerprint


def quarantine_path(output: File) -> File:
    """Where the refused rows go."""
    if isinstance(output, Path):
        return output.with_name(f"{output.stem}.quarantine{output.suffix}")
    return output.sibling(f".quarantine{output.suffix}")


def parts_folder(target: File, workspace: Path) -> Path:
    """Beside the output; of one behind a URL, in the workspace."""
    if isinstance(target, Path):
        return target.with_name(f"{target.name}.parts")
    digest = hashlib.sha256(target.name.encode()).hexdigest()[:12]
    return workspace / f"{PurePosixPath(target.name).name}.{digest}.parts"


@contextmanager
def opened_parts(folder: Path, target: File, job: str) -> Iterator[Parts]:
    """The parts of a job in a folder, for this process alone.

    If the block fails before one part is done, nothing is left.

    Raises:
        InputError: if another process writes the same output.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(folder / "lock", seconds=0))
        except StoreError as error:
            raise InputError(
                f"another process is writing {target}: wait for it, or give another output"
            ) from error
        parts = Parts(folder, [])
        parts.resume(job)
        try:
            yield parts
        finally:
            if not parts.done:
                shutil.rmtree(folder, ignore_errors=True)


def writer(path: Path, schema: pa.Schema) -> pyarrow.parquet.ParquetWriter:
    """A Parquet file whose row groups are the tables that are written."""
    # Where every value is another, a dictionary only costs time.
    kinds = {field.name: field.type for field in schema}
    repeating = [name for name, kind in kinds.items() if not _differs(name, kind)]
    return pyarrow.parquet.ParquetWriter(
        path, schema, use_dictionary=repeating, dictionary_pagesize_limit=_DICTIONARY_BYTES
    )


def _differs(name: str, kind: pa.DataType) -> bool:
    """Whether hardly any two rows have the same value."""
    return name in ("row", "prediction_id") or pa.types.is_floating(kind)


def _deliver(file: Path, target: File) -> None:
    if isinstance(target, Path):
        with atomic_write(target) as draft:
            file.replace(draft)
    else:
        target.put(file)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
