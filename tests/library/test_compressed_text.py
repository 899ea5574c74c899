"""Text files in archives."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop.errors import InputError

from .test_reading_dialects import FILES
from .text_files import rows, table


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zst", ".csv.zip"])
def test_compressed_text_is_read_as_it_comes(tmp_path: Path, ending: str) -> None:
    text, header, first = FILES["decimal commas"]
    path = tmp_path / f"in{ending}"
    path.write_bytes(compressed(text.encode(), ending.rpartition(".")[2]))
    read = table(path)
    assert (list(read.names), rows(read)[0]) == (header, first)


def compressed(content: bytes, kind: str) -> bytes:
    match kind:
        case "gz":
            return gzip.compress(content)
        case "bz2":
            return bz2.compress(content)
        case "xz":
            return lzma.compress(content)
        case "zst":
            return bytes(pa.compress(content, codec="zstd", asbytes=True))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("in.csv", content)
        files.writestr("__MACOSX/._in.csv", b"x")
    return archive.getvalue()


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "in.csv.gz"
    path.write_bytes(gzip.compress(FILES["times"][0].encode() * 100)[:60])
    with pytest.raises(InputError, match="in.csv.gz is damaged or incomplete"):
        table(path)
