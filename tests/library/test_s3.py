"""Tables in an object store, over the protocol of S3."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow.parquet
import pytest

from mlops_loop._settings import Settings
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._validation_report import validate_file
from mlops_loop.errors import InputError

from .object_servers import s3_server
from .test_remote import run
from .text_files import CONTRACT, lines, project

TEXT = lines("a,c,y", lambda n: f"{n},{n},{n % 2}")


@pytest.fixture
def bucket() -> Iterator[fsspec.AbstractFileSystem]:
    """A file system with the empty bucket `rows`."""
    with s3_server("rows"):
        yield fsspec.filesystem("s3", skip_instance_cache=True)


def settings(root: Path, source: str) -> Settings:
    return project(root, TEXT).model_copy(update={"source": source})


@pytest.mark.parametrize("source", ["s3://rows/in.csv", "s3://rows/day", "s3://rows/day/*.csv"])
def test_a_table_is_ingested_from_a_bucket(
    bucket: fsspec.AbstractFileSystem, tmp_path: Path, source: str
) -> None:
    bucket.pipe({name: TEXT.encode() for name in ("rows/in.csv", "rows/day/1.csv")})
    found = ingest(settings(tmp_path, source), CONTRACT)
    assert found.rows == 12
    assert found.snapshot.origin.source == source


def test_a_batch_goes_from_bucket_to_bucket(
    bucket: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    bucket.pipe("rows/in.csv", b"size\n1.5\n-1\n")
    scored = run("s3://rows/in.csv", "s3://rows/out.parquet", tmp_path / "work")
    assert (scored.rows, scored.predicted) == (2, 1)
    with bucket.open("rows/out.parquet") as file:
        assert pyarrow.parquet.read_table(file)["prediction"].to_pylist() == [1.5]


def test_messages_name_the_address(bucket: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    bucket.pipe("rows/in.csv", b"a,c,y\n1,x,0\n")
    assert (
        "s3://rows/in.csv, line 2: c " in validate_file("s3://rows/in.csv", CONTRACT).messages()[-1]
    )
    for missing in ("s3://rows/none.csv", "s3://none/in.csv"):
        with pytest.raises(InputError, match=f"nothing to read at {missing}: check its address"):
            ingest(settings(tmp_path, missing), CONTRACT)
