"""Snapshots: Parquet files named by their content, and a pointer to the last one.

Beside each lies a small JSON file that says where it came from. The digest is over the values
and not over the file, so that another version of the Parquet writer changes no lineage.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
from msgspec import Struct

from .._atomic import atomic_write
from .._formats import SNAPSHOT
from .._work_folder import work_folder
from ..contract import Contract
from ..contract._arrow import arrow_schema, from_arrow
from ..contract._columns import Columns
from ..errors import SnapshotError
from ._digest import BLOCK_ROWS, TableDigest, blocks, table_digest
from ._prefetch import prefetch
from ._stored_columns import StoredColumns

LATEST = "latest"


@dataclass(frozen=True)
class Origin:
    """Where the rows of a snapshot came from.

    Attributes:
        source: address of the base source.
        contract: digest of the contract they were checked against.
        until: the cut-off, ISO 8601; None if there was none.
        warnings: rows used although something is unusual about them, by sentence.
        schema_digest: digest of the target and the inputs; empty if unknown.
    """

    source: str
    contract: str
    until: str | None = None
    warnings: Mapping[str, int] = field(default_factory=dict)
    schema_digest: str = ""


class _Facts(Struct, frozen=True):
    """The JSON file beside a snapshot."""

    digest: str
    rows: int
    origin: Origin


@dataclass(frozen=True)
class Snapshot:
    digest: str
    path: Path
    rows: int
    origin: Origin

    @property
    def source(self) -> str:
        return self.origin.source

    @property
    def until(self) -> datetime | None:
        return None if self.origin.until is None else datetime.fromisoformat(self.origin.until)

    def table(self) -> pa.Table:
        """The rows.

        Raises:
            SnapshotError: if the file is gone, or holds something else than was written.
        """
        try:
            # Not `read_table`: it imports pandas, which costs more than reading.
            with pyarrow.parquet.ParquetFile(self.path) as file:
                table = file.read()
        except (OSError, pa.ArrowInvalid) as error:
            raise SnapshotError(f"{self.path} cannot be read: run `ingest` again") from error
        if table_digest(table) != self.digest:
            raise SnapshotError(
                f"{self.path} is not what was written (its digest differs): delete it and run "
                "`ingest` again"
            )
        return table

    def columns(self, contract: Contract) -> Columns:
        """The rows as arrays, see `contract/_columns.py`.

        Raises:
            SnapshotError: if the file is damaged, or was made for another target or other columns.
        """
        table = self.table()
        self._require_columns(contract, table.schema)
        return from_arrow(contract, table)

    def stored_columns(self, contract: Contract) -> StoredColumns:
        """The rows as arrays that are read one by one, from the verified file.

        Raises:
            SnapshotError: if the file is damaged, or was made for another target or other columns.
        """
        if not _holds(self):
            raise SnapshotError(f"{self.path} is damaged: delete it and run `ingest` again")
        self._require_columns(contract, pyarrow.parquet.read_schema(self.path))
        return StoredColumns(self.path, contract)

    def _require_columns(self, contract: Contract, schema: pa.Schema) -> None:
        if self.origin.schema_digest not in ("", contract.schema_digest):
            raise SnapshotError(
                f"snapshot {self.digest} has another target or other inputs than the contract: run "
                "`ingest` again"
            )
        if schema != arrow_schema(contract):
            raise SnapshotError(
                f"snapshot {self.digest} has other columns than the contract: run `ingest` again"
            )


def write_snapshot(
    tables: pa.Table | Iterable[pa.Table], directory: Path, origin: Origin
) -> Snapshot:
    """Write rows unless they are there already, and make them the latest.

    Args:
        tables: at least one table with the schema `contract.arrow_schema`, ordered by time
            if there is a time column.
        directory: folder of all snapshots.
        origin: origin of the rows, for the JSON file.
    """
    if isinstance(tables, pa.Table):
        tables = [tables]
    with work_folder(directory, ".draft-") as folder:
        written = folder / "rows.parquet"
        digest, rows = _write_table(tables, written)
        snapshot = Snapshot(digest, directory / f"{digest}.parquet", rows, origin)
        if not _holds(snapshot):
            with atomic_write(snapshot.path) as draft:
                written.replace(draft)
    facts = SNAPSHOT.encode(_Facts(digest, rows, origin), indent=2)
    _write(_facts(snapshot.path), facts + b"\n")
    _write(directory / LATEST, digest.encode() + b"\n")
    return snapshot


def latest_snapshot(directory: Path) -> Snapshot:
    """The snapshot in force.

    Raises:
        SnapshotError: if nothing was ever ingested.
    """
    try:
        digest = (directory / LATEST).read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise SnapshotError("there is no snapshot yet: run `ingest` first") from error
    return read_snapshot(directory, digest)


def read_snapshot(directory: Path, digest: str) -> Snapshot:
    """A snapshot by its digest; its rows are read when asked for.

    Raises:
        SnapshotError: if there is none of that digest.
    """
    path = directory / f"{digest}.parquet"
    try:
        content = _facts(path).read_bytes()
    except FileNotFoundError as error:
        raise SnapshotError(f"there is no snapshot {digest}: run `ingest`") from error
    facts = SNAPSHOT.decode(content, _Facts, _facts(path))
    return Snapshot(digest, path, facts.rows, facts.origin)


def _write_table(tables: Iterable[pa.Table], path: Path) -> tuple[str, int]:
    """Write a Parquet file; the digest of its rows and how many they are."""
    digest = TableDigest()
    writer: pyarrow.parquet.ParquetWriter | None = None
    try:
        for block in prefetch(_digested(tables, digest)):
            if writer is None:
                # Without statistics: a snapshot is read as a whole.
                writer = pyarrow.parquet.ParquetWriter(
                    path, block.schema, compression="zstd", write_statistics=False
                )
            writer.write_table(block)
    finally:
        if writer is not None:
            writer.close()
    return digest.text, digest.rows


def _digested(tables: Iterable[pa.Table], digest: TableDigest) -> Iterator[pa.Table]:
    for block in blocks(tables):
        digest.update(block)
        yield block


def _holds(snapshot: Snapshot) -> bool:
    """Whether the file is there and holds what was written; read a part at a time."""
    try:
        # What is buffered ahead stays in memory until the end of the file.
        with pyarrow.parquet.ParquetFile(snapshot.path, pre_buffer=False) as file:
            batches = file.iter_batches(BLOCK_ROWS)
            parts = (pa.Table.from_batches([batch]) for batch in batches)
            return table_digest(parts) == snapshot.digest
    except (OSError, pa.ArrowInvalid):
        return False


def _facts(path: Path) -> Path:
    return path.with_suffix(".json")


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    with atomic_write(path) as draft:
        draft.write_bytes(content)
