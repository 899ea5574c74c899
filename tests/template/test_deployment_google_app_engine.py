"""The package of a rendered project on App Engine: its schema, and how it runs."""

import subprocess
import sys
from pathlib import Path

import programs
import pytest
import targets

from baking import cookiecutter

# App Engine's own reader of app.yaml, which the SDK brings.
READ = """
import sys
sys.path[:0] = [sys.argv[1] + "/lib", sys.argv[1] + "/lib/third_party"]
from googlecloudsdk.appengine.api import appinfo
appinfo.LoadSingleAppInfo(sys.stdin.read())
"""

pytestmark = pytest.mark.real


@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_package_serves(framework: str, tmp_path: Path) -> None:
    result = targets.prove("google_app_engine", framework, tmp_path)
    assert result.passed, result.message()


@pytest.mark.parametrize("prediction_log", ["redis", "postgresql"])
def test_the_configuration_fits_the_schema_of_app_engine(
    prediction_log: str, tmp_path: Path
) -> None:
    answers = {"deploy_target": "google_app_engine", "prediction_log": prediction_log}
    assert cookiecutter(tmp_path, answers).returncode == 0
    folder = tmp_path / "my-ml-project/deploy/google_app_engine"
    text = (folder / "app.yaml").read_text(encoding="utf-8")
    assert read(text) == ""
    assert "entry_point" in read(text.replace("entrypoint:", "entry_point:"))


def read(text: str) -> str:
    """What App Engine's reader rejects."""
    sdk = programs.output("gcloud", "info", "--format=value(installation.sdk_root)").strip()
    command = [sys.executable, "-W", "ignore", "-c", READ, sdk]
    return subprocess.run(command, input=text, capture_output=True, text=True).stderr
