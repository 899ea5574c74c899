"""The page on feature stores: its examples in a project, in an environment with Feast."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from advertised import PAGES

import toolbox
from baking import cookiecutter
from behaviour import PACKAGE, SLUG

pytestmark = pytest.mark.real

PAGE = (PAGES / "feature-store.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXTRAS = "serving,fastapi,train,batch,sample,testing"
CHECKS = Path(__file__).parent / "feature_store" / "check_values.py"
CONTRACT = "config/contract.yaml"
SAMPLE = "sample://flights?until=2013-03-01&rows_per_month=3000"
# The flights as a file, and the share of late ones by carrier and day, known the next morning.
DATA = f"""
import json
from pathlib import Path
import pandas as pd
from mlops_loop.contract import load_contract
from mlops_loop.contract._json_schema import example_row
from mlops_loop.data._sources import open_source, read_all
from {PACKAGE}.project import project
contract = load_contract(Path("{CONTRACT}"))
Path("row.json").write_text(json.dumps(example_row(contract)))
flights = read_all(open_source("{SAMPLE}", project.settings), contract).to_pandas()
Path("data").mkdir()
flights.to_parquet("data/flights.parquet")
day = flights["scheduled_departure"].dt.floor("D")
late = flights.assign(known_at=day + pd.Timedelta("30h")).groupby(["carrier", "known_at"])["late"]
values = late.mean().rename("carrier_late_share").reset_index()
values.to_parquet("feature_store/carrier_days.parquet")
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with Feast and the library."""
    environment = tmp_path_factory.mktemp("feast") / "environment"
    uv, env = toolbox.program("uv"), toolbox.environment()
    subprocess.run([uv, "venv", "--quiet", environment], check=True, env=env)
    python: Path = toolbox.load_installer().executable(environment, "python")
    packages = ["feast>=0.67", "--editable", f"{toolbox.ROOT}[{EXTRAS}]"]
    install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python, *packages]
    subprocess.run(install, check=True, env=env)
    return python


@pytest.fixture(scope="module")
def project(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the examples of the page, trained on flights with values of the store."""
    folder = tmp_path_factory.mktemp("project")
    assert cookiecutter(folder, {"deploy_target": "none"}).returncode == 0
    root = folder / SLUG
    (root / "feature_store").mkdir()
    run(python, root, "-c", DATA)
    for name, code in BLOCK.findall(PAGE):
        path = root / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{text}\n{code}", encoding="utf-8")
    settings = root / "config/project.yaml"
    text = settings.read_text(encoding="utf-8")
    text = re.sub(r"^source: .*$", "source: data/flights.parquet", text, flags=re.MULTILINE)
    settings.write_text(text, encoding="utf-8")
    run(python, root / "feature_store", "-m", "feast.cli.cli", "apply")
    for command in ("ingest", "train"):
        run(python, root, "-m", PACKAGE, command)
    return root


def run(python: Path, root: Path, *words: str | Path) -> str:
    source = root / "src"
    env = {
        **toolbox.environment(),
        "PYTHONPATH": str(source),
        f"{PACKAGE.upper()}__SERVING__API_KEYS": '["secret"]',
    }
    done = subprocess.run(
        [python, *words], cwd=root, env=env, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_model_learns_from_values_of_the_store(python: Path, project: Path) -> None:
    (manifest,) = (project / "var/bundles").glob("*/bundle.json")
    assert "carrier_late_share" in json.loads(manifest.read_text())["importances"]


def test_training_and_serving_see_the_same_values(python: Path, project: Path) -> None:
    # Feast warns of what it will change.
    options = ["--quiet", "--override-ini", "filterwarnings=default", "--import-mode=importlib"]
    checks = shutil.copy(CHECKS, project / CHECKS.name)
    output = run(python, project, "-m", "pytest", *options, checks)
    assert re.search(r"\d+ passed", output), output
