"""Commands on an engine."""

import socket
from pathlib import Path

import pyarrow.parquet
from click.testing import CliRunner

from mlops_loop._project import Project
from mlops_loop._run_context import RunContext
from mlops_loop.data import open_source
from mlops_loop.pipeline import ingest_sources

from ..projects import cli


def run(project: Project, *words: str) -> str:
    result = CliRunner().invoke(cli, ["--root", str(project.root), *words])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_the_champion_scores_on_workers(project: Project, dask: str, tmp_path: Path) -> None:
    source = str(project.root / "parcels.parquet")
    outputs = [str(tmp_path / name) for name in ("here.parquet", "there.parquet")]
    for output, options in zip(outputs, ([], ["--engine", dask]), strict=True):
        assert "rows predicted in" in run(project, "score", source, output, *options)
    here, there = map(pyarrow.parquet.read_table, outputs)
    assert here.num_rows and here.equals(there)


def test_an_engine_that_is_none_is_a_mistake_of_the_command(project: Project) -> None:
    command = ["--root", str(project.root), "score", "in.csv", "out.csv", "--engine", "dask://x"]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 2 and "invalid engine 'dask://x': expected local" in result.output


def test_an_engine_that_is_away_may_be_tried_again(project: Project, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        engine = f"dask://127.0.0.1:{server.getsockname()[1]}"
    source = str(project.root / "parcels.parquet")
    command = ["score", source, str(tmp_path / "out.csv"), "--engine", engine]
    result = CliRunner().invoke(cli, ["--root", str(project.root), *command])
    assert result.exit_code == 1 and "cannot be reached" in result.output
    assert "internal error" not in result.output


class Warehouse:
    """A source of one's own."""

    address = "the warehouse"

    def __init__(self, project: Project) -> None:
        self.tables = open_source(project.settings.source, project.settings).tables


def test_a_source_that_no_engine_divides_is_named(project: Project) -> None:
    said: list[str] = []
    project.context = RunContext(on_stage=said.append)
    nobody = project.with_engine("dask://127.0.0.1:1")  # which is not asked
    nobody.context = project.context
    ingest_sources(nobody, [Warehouse(project)])
    assert said[0] == (
        "the warehouse is read by this process: only files are divided among the workers of "
        "dask://127.0.0.1:1"
    )
    ingest_sources(project, [Warehouse(project)])
    assert len(said) == 3
