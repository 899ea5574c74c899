"""`score` as people call it."""

import subprocess
import sys

import pyarrow.parquet
from click.testing import CliRunner

from mlops_loop.project import Project

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


def test_a_table_is_scored_without_pandas_which_is_there_when_asked_for(project: Project) -> None:
    root = project.settings.root
    command = ["--root", str(root), "score", str(root / "parcels.parquet"), str(root / "out.pq")]
    program = (
        f"import sys; from flights.cli import cli; cli({command}, standalone_mode=False); "
        "assert 'pandas' not in sys.modules; "
        "import pyarrow, pandas; frame = pyarrow.table({'a': [1, None]}).to_pandas(); "
        "assert pyarrow.array(frame['a']).to_pylist() == [1, None]"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
