"""`score` as people call it."""

import pyarrow.parquet
from click.testing import CliRunner

from mlops_loop._project import Project

from .projects import cli


def test_a_table_is_scored_and_its_predictions_are_kept_once(project: Project) -> None:
    root = project.settings.root
    output = root / "out.parquet"
    command = ["--root", str(root), "score", str(root / "parcels.parquet"), str(output)]
    before = project.log.totals().predictions
    for flags in ([], ["--log"], ["--log"]):
        result = CliRunner().invoke(cli, command + flags)
        assert result.exit_code == 0, (result.output, result.exception)
        assert "rows predicted in" in result.output
    found = pyarrow.parquet.read_table(output)
    assert project.log.totals().predictions == before + found.num_rows > before
    kept = project.log.get(found["prediction_id"][0].as_py())
    assert kept is not None and kept.record.entity_key == found["parcel no."][0].as_py()
