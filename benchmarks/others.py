"""Other servers of the champion of a project, for `serving.py --beside`."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from common import BenchmarkError
from servers import Server

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))
import toolbox  # noqa: E402

Env = dict[str, str]

# The same bundle behind BentoML: its champion's columns, features and session.
_BENTO = """
import bentoml

from mlops_loop.contract._check import check_rows
from mlops_loop._predictor import champion_predictor
from my_ml_project.project import project


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Side:
    def __init__(self) -> None:
        self.predictor = champion_predictor(project)

    @bentoml.api(route="/predict")
    def predict(self, row: dict) -> dict:
        checked = check_rows(self.predictor.contract, [row])
        return {"prediction": self.predictor.predict(checked.columns).values[0]}
"""


def mlflow(project: Path, folder: Path, env: Env) -> Server:
    """`mlflow models serve` on the last registered model, in the project's own environment."""
    found = sorted(
        (project / "var/mlflow-artifacts").rglob("MLmodel"), key=lambda file: file.stat().st_mtime
    )
    if not found:
        raise BenchmarkError(f"{project} has no registered model: run `train` in it")
    program = project / ".venv/bin/mlflow"
    command = [str(program), "models", "serve", "--model-uri", str(found[-1].parent)]
    return Server(
        [*command, "--env-manager", "local", "--workers", "1"],
        project,
        # Its server is started by name.
        {**env, "PATH": f"{program.parent}:{env['PATH']}"},
        ready="/ping",
        path="/invocations",
        body=_records,
    )


def bentoml(project: Path, folder: Path, env: Env) -> Server:
    """BentoML around the same predictor, without its access log, in an environment of its own."""
    environment = folder / "bentoml"
    tools = toolbox.environment()
    for command in (
        ["uv", "venv", "-q", "--python", str(project / ".venv/bin/python"), str(environment)],
        ["uv", "pip", "install", "-q", "--python", str(environment), "bentoml", str(project)],
    ):
        done = subprocess.run(command, env=tools, cwd=project, capture_output=True, text=True)
        if done.returncode:
            raise BenchmarkError(f"'{' '.join(command)}': {done.stderr[-2000:]}")
    (folder / "bento_side.py").write_text(_BENTO)
    return Server(
        [str(environment / "bin/bentoml"), "serve", "bento_side:Side"],
        folder,
        {
            **env,
            "MY_ML_PROJECT__ROOT": str(project),
            "BENTOML_HOME": str(folder / "bento"),
            "BENTOML_DO_NOT_TRACK": "True",
        },
        ready="/readyz",
        body=lambda row: b'{"row": %s}' % row,
    )


def _records(row: bytes) -> bytes:
    """A row as MLflow takes it, which knows no zones."""
    return b'{"dataframe_records": [%s]}' % row.replace(b"+00:00", b"")


MAKERS: Mapping[str, Callable[[Path, Path, Env], Server]] = {"bentoml": bentoml, "mlflow": mlflow}
