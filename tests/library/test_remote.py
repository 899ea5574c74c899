"""Batches behind URLs: what fsspec knows is read and written as files are."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry, known_implementations

from mlops_loop._bundle import Manifest
from mlops_loop._file_systems import shown
from mlops_loop._predictor import Prediction, decide
from mlops_loop._scoring import Scored, score
from mlops_loop.contract import Contract
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._remote import RemoteFile, locate
from mlops_loop.data._sources.file_discovery import find_files
from mlops_loop.errors import InputError, SourceError

CONTRACT = parse_contract(
    "{problem: regression, label_horizon: 1d, columns: {"
    "size: {type: number, range: {minimum: 0, on_violation: reject}}, "
    "price: {type: number, role: target}}}"
)
SIZES = [1.5, 2.5, -1.0, 4.5, 5.5]


class Same:
    """Predicts the size."""

    contract: Contract = CONTRACT
    manifest = Manifest(
        version="1",
        run_id="",
        problem=CONTRACT.problem,
        classes=CONTRACT.classes,
        created="",
        features_digest="",
        contract_digest=CONTRACT.digest,
        snapshot="",
    )

    def predict(self, columns: Columns) -> Prediction:
        return decide(columns["size"].reshape(-1, 1), self.manifest.classes)


@pytest.fixture(params=["memory", "local"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a folder, in memory or on the disk; both by way of fsspec."""
    url = f"memory://{uuid4().hex}" if request.param == "memory" else f"local://{tmp_path}/store"
    fs, path = fsspec.core.url_to_fs(url)
    fs.makedirs(path)
    yield url
    fs.rm(path, recursive=True)


def write(url: str, sizes: list[float] | None = None) -> None:
    table = pa.table({"size": sizes or SIZES})
    with fsspec.open(url, "wb") as file:
        if url.endswith(".csv"):
            pyarrow.csv.write_csv(table, file)
        else:
            pyarrow.parquet.write_table(table, file)


def read(url: str) -> pa.Table:
    with fsspec.open(url, "rb") as file:
        return pyarrow.parquet.read_table(file)


def run(
    source: str, target: str, workspace: Path, progress: Callable[[int], None] | None = None
) -> Scored:
    return score(
        source,
        target,
        Same(),
        batch_rows=2,
        part_seconds=0,
        workspace=workspace,
        progress=progress,
    )


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_batch_goes_from_url_to_url(folder: str, name: str, tmp_path: Path) -> None:
    write(f"{folder}/{name}")
    scored = run(f"{folder}/{name}", f"{folder}/out.parquet", tmp_path / "work")
    assert (scored.rows, scored.predicted) == (5, 4)
    assert str(scored.output) == f"{folder}/out.parquet"
    found = read(f"{folder}/out.parquet")
    assert found["row"].to_pylist() == [1, 2, 4, 5]
    assert found["prediction"].to_pylist() == [1.5, 2.5, 4.5, 5.5]
    assert read(f"{folder}/out.quarantine.parquet")["size"].to_pylist() == ["-1"]
    assert list((tmp_path / "work").iterdir()) == []
    write(f"{folder}/{name}", [1.0])
    assert run(f"{folder}/{name}", f"{folder}/out.parquet", tmp_path / "work").resumed == 0
    assert len(read(f"{folder}/out.parquet")) == 1
    with pytest.raises(FileNotFoundError):
        read(f"{folder}/out.quarantine.parquet")


def test_what_was_cut_off_goes_on_behind_its_finished_parts(folder: str, tmp_path: Path) -> None:
    write(f"{folder}/in.parquet")

    def cut(rows: int) -> None:
        if rows == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(f"{folder}/in.parquet", f"{folder}/out.parquet", tmp_path, cut)
    told: list[int] = []
    resumed = run(f"{folder}/in.parquet", f"{folder}/out.parquet", tmp_path, told.append)
    assert (resumed.resumed, told) == (2, [4, 5])
    assert read(f"{folder}/out.parquet")["row"].to_pylist() == [1, 2, 4, 5]


def test_when_the_store_refuses_the_work_is_kept(tmp_path: Path) -> None:
    write(f"local://{tmp_path}/in.parquet", [1.5, 2.5, 3.5])
    source, target = f"local://{tmp_path}/in.parquet", f"local://{tmp_path}/none/out.parquet"
    with pytest.raises(InputError, match="none/out.parquet cannot be reached"):
        run(source, target, tmp_path / "work")
    (tmp_path / "none").mkdir()
    told: list[int] = []
    assert run(source, target, tmp_path / "work", told.append).resumed == 3
    assert told == []
    assert len(read(target)) == 3


def test_a_folder_or_a_glob_may_be_behind_a_url(folder: str) -> None:
    for name in ("b.csv", "a.csv"):
        write(f"{folder}/{name}")
    with fsspec.open(f"{folder}/note.md", "wb") as file:
        file.write(b"read me")
    for address in (folder, f"{folder}/*.csv"):
        assert [str(file).rpartition("/")[2] for file in find_files(address, Path())] == [
            "a.csv",
            "b.csv",
        ]
    write(f"{folder}/c.parquet")
    with pytest.raises(SourceError, match="expected only"):
        find_files(folder, Path())


def test_what_is_not_there_is_said_so(folder: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to read at .*none.csv"):
        find_files(f"{folder}/none.csv", Path())
    write(f"{folder}/in.parquet")
    with pytest.raises(InputError, match="is the input"):
        run(f"{folder}/in.parquet", f"{folder}/in.parquet", tmp_path)
    with pytest.raises(InputError, match="is a folder"):
        run(f"{folder}/in.parquet", str(tmp_path), tmp_path)


def test_a_protocol_without_its_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme, package in (("far", "farstore_"), ("s3", "s3"), ("gs", "gcs")):
        missing = {"class": "farstore_.FileSystem", "err": f"Install {package} to go there"}
        monkeypatch.setitem(known_implementations, scheme, missing)
        monkeypatch.delitem(_registry, scheme, raising=False)
        with pytest.raises(InputError, match=f"^{scheme}:// .* `make add PACKAGE={package}`$"):
            locate(f"{scheme}://bucket/in.csv")
    with pytest.raises(InputError, match="unknown scheme nowhere://"):
        locate("nowhere://bucket/in.csv")


def test_secrets_of_an_address_are_not_shown() -> None:
    assert str(locate("memory://me:secret@host/in.csv")) == "memory://host/in.csv"
    name = shown("https://me:secret@host/in.csv?signature=secret")
    assert name == "https://host/in.csv"
    signed = RemoteFile(MemoryFileSystem(), "https://host/in.csv?signature=secret", name)
    quarantine = signed.sibling(".quarantine.parquet")
    assert quarantine.name == quarantine.path == "https://host/in.quarantine.parquet"
