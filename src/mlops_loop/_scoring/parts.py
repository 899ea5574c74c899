"""Finished parts of an output, stored beside it until all of them are finished.

`<output>.parts/` (in the workspace, if the output is behind a URL) holds the job's fingerprint, and
for each finished part `<n>.parquet`, with its rejected rows in `<n>.quarantine.parquet` if it has
any. `<n>.json` is written last and commits the part. Parts are Parquet files in any case.
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
from .._file_lock import LockedError, file_lock
from .._formats import SCORING_JOB
from ..data._remote import File
from ..data._table_file import is_csv, table_writer
from ..errors import InputError

_JOB = "job.json"
# Limit of the dictionary of a column in a row group.
_DICTIONARY_BYTES = 1 << 16


class _Job(msgspec.Struct, frozen=True):
    """The job of all parts; its format number is that of the folder."""

    fingerprint: str


class Part(msgspec.Struct):
    """Numbers of rows of a part; see `Scored`."""

    rows: int = 0
    predicted: int = 0
    warnings: dict[str, int] = {}

    @property
    def has_rejections(self) -> bool:
        return self.predicted < self.rows

    def warn(self, warnings: dict[str, int]) -> None:
        for text, rows in warnings.items():
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
        """File for the predictions of the next part."""
        return self._predictions(len(self.done))

    @property
    def quarantine_draft(self) -> Path:
        return self._quarantine(len(self.done))

    def commit_part(self, part: Part) -> None:
        """Sync the drafts to disk and commit them as the next part."""
        sync_file(self.draft)
        if part.has_rejections:
            sync_file(self.quarantine_draft)
        with atomic_write(self.folder / f"{len(self.done)}.json") as draft:
            draft.write_bytes(msgspec.json.encode(part))
        self.done.append(part)

    def assemble(self, target: File, quarantine: File) -> None:
        """Assemble the output from the parts, rejected rows first, and remove the parts.

        Raises:
            InputError: if the store behind a URL fails; the parts are not removed.
        """
        numbers = range(len(self.done))
        bad = [self._quarantine(number) for number in numbers if self.done[number].has_rejections]
        if bad:
            deliver(self._assembled(bad, csv=is_csv(quarantine)), quarantine)
        else:
            discard(quarantine)
        good = [self._predictions(number) for number in numbers]
        deliver(self._assembled(good, csv=is_csv(target)), target)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _assembled(self, files: list[Path], *, csv: bool) -> Path:
        """One file with all row groups; a single Parquet file is returned unchanged."""
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
        """Load the finished parts of this job; those of another job are deleted.

        Raises:
            InputError: if the format of the folder is unknown, or it is damaged.
        """
        if self._job() != job:
            for path in self.folder.iterdir():
                if path.suffix in (".json", ".parquet", ".draft"):
                    path.unlink()
            with atomic_write(self.folder / _JOB) as draft:
                draft.write_bytes(SCORING_JOB.encode(_Job(job)))
            return
        while (content := _read(self.folder / f"{len(self.done)}.json")) is not None:
            part = msgspec.json.decode(content, type=Part)
            needed = [self.draft, *([self.quarantine_draft] if part.has_rejections else [])]
            if not all(path.exists() for path in needed):
                break
            self.done.append(part)
        for path in self.folder.glob("*.json"):
            # A part that is scored again may end at another row, so later parts do not follow it.
            if path.name != _JOB and int(path.stem) >= len(self.done):
                path.unlink()

    def _job(self) -> str | None:
        path = self.folder / _JOB
        content = _read(path)
        return None if content is None else SCORING_JOB.decode(content, _Job, path).fingerprint


def quarantine_path(output: File) -> File:
    """File for the rejected rows."""
    if isinstance(output, Path):
        return output.with_name(f"{output.stem}.quarantine{output.suffix}")
    return output.sibling(f".quarantine{output.suffix}")


def parts_folder(target: File, workspace: Path) -> Path:
    """Folder for the parts: beside the output, or in the workspace if the output is a URL."""
    if isinstance(target, Path):
        return target.with_name(f"{target.name}.parts")
    digest = hashlib.sha256(target.name.encode()).hexdigest()[:12]
    return workspace / f"{PurePosixPath(target.name).name}.{digest}.parts"


@contextmanager
def locked_folder(folder: Path, target: File) -> Iterator[None]:
    """Lock the folder of the parts of an output.

    Raises:
        InputError: if another process writes the same output.
        StoreError: if the folder cannot be locked.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(folder / "lock", seconds=0))
        except LockedError as error:
            raise InputError(
                f"another process is writing {target}: wait for it, or give another output"
            ) from error
        yield


@contextmanager
def opened_parts(folder: Path, target: File, job: str) -> Iterator[Parts]:
    """Lock the folder of a job and load its parts.

    If the block fails before one part is finished, the folder is removed.

    Raises:
        InputError: as `locked_folder`.
    """
    with locked_folder(folder, target):
        parts = Parts(folder, [])
        parts.resume(job)
        try:
            yield parts
        finally:
            if not parts.done:
                shutil.rmtree(folder, ignore_errors=True)


def writer(path: Path, schema: pa.Schema) -> pyarrow.parquet.ParquetWriter:
    """A Parquet writer that writes each table as a row group."""
    # For distinct values a dictionary only costs time.
    kinds = {field.name: field.type for field in schema}
    repeating = [name for name, kind in kinds.items() if not _is_distinct(name, kind)]
    return pyarrow.parquet.ParquetWriter(
        path, schema, use_dictionary=repeating, dictionary_pagesize_limit=_DICTIONARY_BYTES
    )


def _is_distinct(name: str, kind: pa.DataType) -> bool:
    """Whether nearly all values are distinct."""
    return name in ("row", "prediction_id") or pa.types.is_floating(kind)


def discard(target: File) -> None:
    """Delete the file of a former run, if there is one."""
    if isinstance(target, Path):
        target.unlink(missing_ok=True)
    else:
        target.remove()


def deliver(file: Path, target: File) -> None:
    """Move a finished file to its place."""
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
