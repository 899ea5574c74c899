"""The project that the scenarios work on: rendered, installed, with two versions to serve."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import toolbox

from .errors import FaultsError

SLUG, PACKAGE = "my-ml-project", "my_ml_project"
INSIDE = Path(__file__).with_name("inside.py")

# The second sees one more month, and becomes champion at once, whatever it is worth.
_TRAININGS: tuple[dict[str, str], ...] = (
    {"SOURCE": "sample://flights?until=2013-03-01&rows_per_month=12000"},
    {
        "SOURCE": "sample://flights?until=2013-04-01&rows_per_month=12000",
        "GATE__MARGIN": "0.99",
        "LOOP__PROMOTION": "gate",
    },
)
# The machine's cores are shared by service, load and store.
_THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True)
class Subject:
    """A rendered project and its environment.

    Attributes:
        root: its folder.
        framework: its web framework.
        store: what keeps its prediction log.
    """

    root: Path
    framework: str
    store: str

    @cached_property
    def python(self) -> Path:
        found: Path = toolbox.load_installer().executable(self.root / ".venv", "python")
        return found

    @cached_property
    def address(self) -> str:
        """Of the prediction log, as the project's settings name it."""
        return str(self.ask("address", settings={}))

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Environment variables for a command of the project, with some settings changed."""
        own = {f"{PACKAGE.upper()}__{key}": value for key, value in settings.items()}
        return {**toolbox.environment(), **_THREADS, **own}

    def run(self, *command: str, settings: Mapping[str, str]) -> None:
        """A command of the project, which has to succeed."""
        self._run([self.python, "-m", PACKAGE, *command], settings)

    def ask(self, question: str, *arguments: str, settings: Mapping[str, str]) -> Any:
        """What `inside.py` finds out with the project's own code."""
        return json.loads(self._run([self.python, INSIDE, question, *arguments], settings))

    @contextmanager
    def conversation(
        self, question: str, settings: Mapping[str, str]
    ) -> Iterator["subprocess.Popen[str]"]:
        """A running `inside.py`, which answers each line with a line."""
        with subprocess.Popen(
            [self.python, INSIDE, question],
            cwd=self.root,
            env=self.environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield process

    def versions(self) -> list[str]:
        """Published versions, the oldest first."""
        found = (self.root / "var/bundles").glob("*/bundle.json")
        return sorted((path.parent.name for path in found), key=int)

    def _run(self, command: list[str | Path], settings: Mapping[str, str]) -> str:
        return _output(command, self.root, self.environment(settings))


def prepare(place: Path, framework: str, store: str) -> Subject:
    """Render, install and train; what an earlier run has left is brought up to date."""
    folder = place / f"{framework}-{store}"
    folder.mkdir(parents=True, exist_ok=True)
    answers = [f"web_framework={framework}", f"prediction_log={store}"]
    env = toolbox.environment()
    render = [*toolbox.cookiecutter(folder), *answers]
    render.insert(-len(answers) - 1, "--overwrite-if-exists")
    _output(render, folder, env)
    subject = Subject(folder / SLUG, framework, store)
    _output([sys.executable, "tools/install.py"], subject.root, env)
    # Nothing is logged yet, so that any log will do, and no server has to be there.
    log = {"PREDICTION_LOG": "sqlite:///var/predictions.db"}
    for settings in _TRAININGS[len(subject.versions()) :]:
        subject.run("ingest", settings={**settings, **log})
        subject.run("train", settings={**settings, **log})
    return subject


def _output(command: list[str | Path], folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8")
    if done.returncode:
        words = " ".join(map(str, command))
        raise FaultsError(f"'{words}' failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
