"""Commands on an engine."""

from pathlib import Path

import pyarrow.parquet
from click.testing import CliRunner

from mlops_loop._project import Project

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
