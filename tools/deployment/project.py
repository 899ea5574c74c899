"""A project as a deployment target gets it: rendered, installed, with a published model."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toolbox
from behaviour import PACKAGE, SLICE, StepFailedError, render, store
from covering import go_together
from variants import options

# Where the platform's disk does not last, the prediction log is on a server: on Heroku not Redis,
# which is reached by TLS there.
SERVERS = {"heroku": "postgresql"}
SERVER = "redis"


def run(*command: str | Path, cwd: Path | None = None, **env: str) -> str:
    """What a command prints; its errors go to the terminal."""
    done = subprocess.run(
        command, cwd=cwd, env={**toolbox.environment(), **env}, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        words = " ".join(map(str, command))
        raise StepFailedError(f"'{words}' ended with exit code {done.returncode}:\n{done.stdout}")
    return done.stdout.strip()


@dataclass(frozen=True)
class Project:
    """A rendered project with a champion.

    Attributes:
        answers: an answer to each question with choices.
        variables: environment variables that its commands run with.
    """

    root: Path
    answers: Mapping[str, str]
    variables: Mapping[str, str]

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        path: Path = toolbox.load_installer().executable(self.root / ".venv", "python")
        return path

    def run(self, *words: str | Path, **env: str) -> str:
        """What a command of the project prints."""
        command = (self.python, "-m", PACKAGE, *words)
        return run(*command, cwd=self.root, **{**self.variables, **env})

    def package(self, *words: str) -> dict[str, Any]:
        """The report of `deploy package`: the path of the package and more."""
        report: dict[str, Any] = json.loads(self.run("deploy", "package", "--json", *words))
        return report

    def example(self) -> dict[str, Any]:
        """A row that the contract accepts, in the order of its inputs."""
        schema = json.loads(self.run("contract", "schema"))
        example: dict[str, Any] = schema["example"]
        return example

    def settings(self, key: str) -> dict[str, str]:
        """Environment variables of a deployed service: its API key and its prediction log."""
        log = f"{PACKAGE.upper()}__PREDICTION_LOG"
        own = {log: self.variables[log]} if log in self.variables else {}
        return {f"{PACKAGE.upper()}__SERVING__API_KEYS": json.dumps([key]), **own}


def answers_for(target: str, framework: str = "fastapi") -> dict[str, str]:
    """An answer to each question, the first one where the target allows it."""
    answers = {question: choices[0] for question, choices in options().items()}
    answers |= {"deploy_target": target, "web_framework": framework}
    if not go_together(answers):
        answers["prediction_log"] = SERVERS.get(target, SERVER)
    return answers


@contextmanager
def trained(
    folder: Path, answers: Mapping[str, str], python: str | Path = sys.executable
) -> Iterator[Project]:
    """Render, install and train a project in a folder, with the server of its prediction log."""
    root = render(folder, answers)
    run(python, "tools/install.py", cwd=root)
    sliced = {f"{PACKAGE.upper()}__{key}": value for key, value in SLICE.items()}
    with store(root, toolbox.environment(), folder / "store.log", answers) as env:
        log = {name: value for name, value in env.items() if name.endswith("__PREDICTION_LOG")}
        project = Project(root, answers, {**sliced, **log})
        for command in ("ingest", "train"):
            project.run(command)
        yield project
