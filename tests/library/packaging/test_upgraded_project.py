"""A project with a champion is upgraded: the next library serves it, retrains, and compares."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mlops_loop
from mlops_loop._packaging.wheel_file import pack, read_wheel, unpack
from mlops_loop._project import Project
from mlops_loop._settings import CONFIG
from mlops_loop.contract._json_schema import example_row
from mlops_loop.errors import BundleError

from .test_packaging import CARRIED

SOURCE = Path(mlops_loop.__file__).parents[1]
DEFAULT = "folds: Annotated[int, Field(ge=2)] = 3"
CHANGED = "folds: Annotated[int, Field(ge=2)] = 4"
# The next library writes another format of the pointer, and still reads this one.
NEXT_POINTER = """
POINTER = Format(POINTER.name, 2, BundleError, POINTER.remedy, older={1: lambda document: document})
"""
PREDICT = """
import json, sys
from flights.app import app
from starlette.testclient import TestClient
with TestClient(app) as client:
    print(client.post("/predict", json=json.loads(sys.argv[1])).text)
"""


@pytest.fixture
def upgraded(tmp_path: Path) -> Path:
    """What is installed from a wheel of the next version, in which a default is another."""
    source = tmp_path / "source"
    shutil.copytree(SOURCE / "mlops_loop", source / "mlops_loop")
    settings, formats = source / "mlops_loop/_settings.py", source / "mlops_loop/_formats.py"
    text = settings.read_text(encoding="utf-8")
    assert text.count(DEFAULT) == 1
    settings.write_text(text.replace(DEFAULT, CHANGED), encoding="utf-8")
    formats.write_text(formats.read_text(encoding="utf-8") + NEXT_POINTER, encoding="utf-8")
    unpack(pack(source, read_wheel(CARRIED), "9.0", tmp_path), tmp_path / "installed")
    return tmp_path / "installed"


def run(project: Project, library: Path, *words: str) -> Any:
    """What a process of the project prints as JSON, with a library of its own."""
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(library), os.environ["PYTHONPATH"]]),
        "FLIGHTS__ROOT": str(project.root),
        "FLIGHTS__SERVING__ALLOW_ANONYMOUS": "true",
    }
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_champion_serves_and_is_succeeded_after_an_upgrade(
    project: Project, upgraded: Path
) -> None:
    config = project.root / CONFIG
    values = json.loads(config.read_text(encoding="utf-8"))
    del values["training"]["folds"]
    config.write_text(json.dumps(values), encoding="utf-8")
    row = json.dumps(example_row(project.contract))
    before = run(project, SOURCE, "-c", PREDICT, row)
    after = run(project, upgraded, "-c", PREDICT, row)
    for key in ("prediction", "probabilities", "model_version"):
        assert after[key] == before[key]
    assert after["model_version"] == "1"

    # Another threshold, as an identical model would not be on trial.
    values["training"]["costs"] = {"false_negative": 3}
    config.write_text(json.dumps(values), encoding="utf-8")
    trained = run(project, upgraded, "-m", "flights", "train", "--json")
    assert trained["passed"] and trained["version"] == "2" and trained["aliases"] == ["challenger"]
    assert {len(row["scores"]) for row in trained["leaderboard"]["rows"]} == {4}
    assert run(project, upgraded, "-c", PREDICT, row)["model_version"] == "1"

    with pytest.raises(BundleError, match="has format 2 of a pointer, .* upgrade the library"):
        project.published()
