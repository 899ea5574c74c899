"""The commands that the DAGs of a rendered project run are commands of the library."""

import ast
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from .places import REPOSITORY
from .projects import cli

DAGS = REPOSITORY / "{{cookiecutter.project_slug}}" / "dags"


def commands(file: Path) -> Iterator[list[str]]:
    """The words of each command that a file runs; what is no constant is left empty."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "run":
            yield [str(word.value) if isinstance(word, ast.Constant) else "" for word in node.args]


@pytest.mark.parametrize("file", sorted(DAGS.glob("*.py")), ids=lambda file: file.stem)
def test_the_dags_run_commands_that_exist(file: Path) -> None:
    found = list(commands(file))
    assert found
    for words in found:
        command: click.Command = cli
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, (file, command.name)


class Tasks(dict[str, Callable[..., Any]]):
    """Stands in for Airflow's decorator `task`; holds the functions, and runs none of them."""

    def __call__(self, function: Callable[..., Any] | None = None, **options: Any) -> Any:
        if function is None:
            return self
        self[function.__name__] = function
        return Task()


class Task:
    def __call__(self, *args: Any) -> None:
        pass

    def partial(self, **options: Any) -> "Task":
        return self

    def expand(self, **options: Any) -> None:
        pass


def module(name: str, **names: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(names)
    return made


@pytest.fixture
def tasks_of_scoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasks:
    """The functions of the scoring DAG, of a project in the test's folder, without Airflow."""
    tasks = Tasks()
    stubs = [
        module("airflow"),
        module(
            "airflow.sdk",
            CronDataIntervalTimetable=lambda *args, **options: None,
            dag=lambda **options: lambda function: function,
            task=tasks,
        ),
        module("airflow.sdk.exceptions", AirflowSkipException=LookupError),
        module(
            "project_command",
            ROOT=tmp_path,
            TASK_ARGS={},
            deadline=lambda duration: timedelta.max,
            run=lambda *words: "",
        ),
    ]
    for stub in stubs:
        monkeypatch.setitem(sys.modules, stub.__name__, stub)
    exec((DAGS / "scoring.py").read_text(encoding="utf-8"), {"__name__": "scoring"})
    return tasks


def test_hidden_files_and_folders_are_not_scored(tmp_path: Path, tasks_of_scoring: Tasks) -> None:
    folder = tmp_path / "incoming" / "2026-03-01"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    for name in (".DS_Store", ".part-0.parquet.crc", "_draft.csv", "~$rows.xlsx"):
        (folder / name).write_bytes(b"no table")
    find_files = tasks_of_scoring["find_files"]
    with pytest.raises(LookupError, match="nothing to score: there is no file in"):
        find_files("2026-03-01")
    for name in ("part-1.parquet", "part-0.parquet"):
        (folder / name).touch()
    assert find_files("2026-03-01") == ["part-0.parquet", "part-1.parquet"]
