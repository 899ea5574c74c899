"""Every document that outlives a process has a format number, and another number is rejected."""

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import mlops_loop
from mlops_loop import _formats as formats
from mlops_loop._formats import Format

from .stored_documents import WRITTEN, Stored, bundle

KINDS = [pytest.param(kind, write, id=write.__name__) for kind, write in WRITTEN.items()]


def with_number(path: Path, number: int | None) -> None:
    document = json.loads(path.read_bytes())
    document.pop("format")
    path.write_text(json.dumps(document if number is None else {"format": number, **document}))


def test_every_format_is_tested_here() -> None:
    assert set(WRITTEN) == {one for one in vars(formats).values() if isinstance(one, Format)}


@pytest.mark.parametrize(("kind", "write"), KINDS)
def test_a_document_is_written_with_its_number_and_read(
    kind: Format, write: Callable[[Path], Stored], tmp_path: Path
) -> None:
    path, read = write(tmp_path)
    assert json.loads(path.read_bytes())["format"] == kind.number
    read()


@pytest.mark.parametrize(("kind", "write"), KINDS)
def test_a_newer_format_asks_for_an_upgrade(
    kind: Format, write: Callable[[Path], Stored], tmp_path: Path
) -> None:
    path, read = write(tmp_path)
    with_number(path, kind.number + 1)
    with pytest.raises(kind.error, match=rf"has format {kind.number + 1} of {kind.name}") as caught:
        read()
    assert f"reads up to {kind.number}: upgrade the library" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [-1, None])
@pytest.mark.parametrize(("kind", "write"), KINDS)
def test_an_unknown_older_format_says_what_to_do(
    kind: Format, write: Callable[[Path], Stored], tmp_path: Path, number: int | None
) -> None:
    path, read = write(tmp_path)
    with_number(path, number)
    with pytest.raises(kind.error) as caught:
        read()
    assert kind.remedy in str(caught.value) and kind.name in str(caught.value)
    assert ("no format number" if number is None else "has format -1") in str(caught.value)


def test_older_formats_are_read_through_one_function_each() -> None:
    first = replace(formats.POINTER, number=0)
    third = replace(
        formats.POINTER,
        number=2,
        older={
            0: lambda document: {"champion": document["version"]},
            1: lambda document: {"rollouts": {"f": {"champion": document["champion"]}}},
        },
    )
    for content in (first.encode({"version": "7"}), b'{"format": 1, "champion": "7"}'):
        assert third.decode(content, dict, "pointer.json") == {"rollouts": {"f": {"champion": "7"}}}
    with pytest.raises(formats.POINTER.error, match=r"pointer.json has format -1 .*\(it reads 0"):
        third.decode(b'{"format": -1}', dict, "pointer.json")


def test_a_bundle_of_the_first_format_holds_onnx(tmp_path: Path) -> None:
    path, read = bundle(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document.pop("form") == "onnx" and document["format"] == 2
    path.write_text(json.dumps({**document, "format": 1}), encoding="utf-8")
    assert read().manifest.form == "onnx"  # type: ignore[attr-defined]


# Modules that decode what no later process reads, or what a store of rows counts for.
DECODERS = {
    "_formats.py": "documents",
    "_audit_log.py": "lines, to tell torn ones from those of another format",
    "_redaction.py": "values of environment variables, as the settings read them",
    "cli/_explanation.py": "a row of the user",
    "cli/_stage.py": "shown on standard output",
    "contract/_decoder.py": "bodies of requests",
    "data/_sources/conversion.py": "a file of the user, to tell its format",
    "data/_sources/json_lines.py": "rows of the user",
    "deploy/_sagemaker/formats.py": "bodies of requests",
    "deploy/_sagemaker/training_job.py": "what SageMaker says of a job",
    "deploy/google_app_engine.py": "responses of Google's services",
    "engines/_dask.py": "work that this process has pickled",
    "local_servers/airflow.py": "what Airflow says of its health",
    "monitoring/_report_page.py": "a page of Evidently",
    "prediction_log/_redis_keys.py": "the layout of the Redis log",
    "prediction_log/_serialization.py": "columns of the prediction log",
    "prediction_log/_spool_file.py": "columns of the spool, a SQLite file",
    "prediction_log/_versions.py": "columns of the prediction log",
    "engines/_sent.py": "functions that the driver sends to workers of the same version",
    "_scoring/parts.py": "parts of a job, whose format is that of the job",
}


def test_no_other_module_decodes_documents() -> None:
    root = Path(mlops_loop.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if _decodes(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(
        DECODERS
    ), "read a new document through a Format in _formats.py, or say above why it needs no number"


def _decodes(tree: ast.AST) -> bool:
    names = {"json.loads", "json.load", "pickle.load", "pickle.loads"} | {
        f"msgspec.{kind}.{call}" for kind in ("json", "msgpack") for call in ("decode", "Decoder")
    }
    return any(
        (isinstance(node, ast.Attribute) and ast.unparse(node) in names)
        or (
            isinstance(node, ast.ImportFrom)
            and node.module in ("json", "pickle", "msgspec.json", "msgspec.msgpack")
        )
        for node in ast.walk(tree)
    )
