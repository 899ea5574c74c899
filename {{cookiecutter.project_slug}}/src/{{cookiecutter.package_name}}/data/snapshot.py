"""Snapshots: Parquet files named by their content, and a pointer to the last one.

Beside each lies a small JSON file that says where it came from. The digest is over the values
and not over the file, so that another version of the Parquet writer changes no lineage.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from ..contract import Contract
from ..contract.arrow import arrow_schema, from_arrow
from ..contract.columns import Columns
from ..errors import SnapshotError
from .replacing import replacing

DIRECTORY = Path("var/snapshots")
LATEST = "latest"


@dataclass(frozen=True)
class Origin:
    """Where the rows of a snapshot came from.

    Attributes:
        source: address of the base source.
        contract: digest of the contract they were checked against.
        until: the cut-off, ISO 8601; None if there was none.
        warnings: rows used although something is unusual about them, by sentence.
    """

    source: str
    contract: str
    until: str | None = None
    warnings: Mapping[str, int] = field(default_factory=dict)


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
        """The rows as arrays, see `contract.columns`.

        Raises:
            SnapshotError: if the file is damaged, or was made for other columns.
        """
        table = self.table()
        if table.schema != arrow_schema(contract):
            raise SnapshotError(
                f"snapshot {self.digest} has other columns than the contract: run `ingest` again"
            )
        return from_arrow(contract, table)


def write_snapshot(table: pa.Table, directory: Path, origin: Origin) -> Snapshot:
    """Write a table unless it is there already, and make it the latest.

    Args:
        table: as `contract.arrow_schema` says, in the order of time where there is one.
        directory: folder of all snapshots.
        origin: what is said of it in the JSON file.
    """
    digest = table_digest(table)
    snapshot = Snapshot(digest, directory / f"{digest}.parquet", table.num_rows, origin)
    if not _holds(snapshot):
        with replacing(snapshot.path) as draft:
            pyarrow.parquet.write_table(table, draft, compression="zstd")
    facts = {"digest": digest, "rows": table.num_rows, **asdict(origin)}
    _write_text(_facts(snapshot.path), json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    _write_text(directory / LATEST, digest + "\n")
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
        facts: dict[str, Any] = json.loads(_facts(path).read_text(encoding="utf-8"))
        rows = facts.pop("rows")
        del facts["digest"]
        return Snapshot(digest, path, rows, Origin(**facts))
    except FileNotFoundError as error:
        raise SnapshotError(f"there is no snapshot {digest}: run `ingest`") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SnapshotError(f"{_facts(path)} cannot be read: run `ingest` again") from error


def table_digest(table: pa.Table) -> str:
    """Digest of names, types and values in order, whatever the chunks and the memory layout."""
    digest = hashlib.sha256()
    for column in table.schema:
        digest.update(f"{column.name}\0{column.type}\0{table.num_rows}\0".encode())
        values = table[column.name].combine_chunks()
        digest.update(np.packbits(pc.is_null(values).to_numpy(zero_copy_only=False)).data)
        if pa.types.is_string(column.type):
            texts = pc.fill_null(values, "")
            digest.update(pc.binary_length(texts).to_numpy().data)
            digest.update(_joined(texts))
        else:
            digest.update(_numbers(values))
    return digest.hexdigest()[:16]


def _joined(texts: pa.StringArray) -> memoryview | bytes:
    """The bytes of all strings, one after the other."""
    offsets, data = texts.buffers()[1:]
    bounds = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[bounds[0] : bounds[-1]] if data is not None and len(texts) else b""


def _numbers(values: pa.Array) -> memoryview:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return np.ascontiguousarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False)).data


def _holds(snapshot: Snapshot) -> bool:
    try:
        snapshot.table()
    except SnapshotError:
        return False
    return True


def _facts(path: Path) -> Path:
    return path.with_suffix(".json")


def _write_text(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")
