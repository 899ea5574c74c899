"""What the tests know of the template: its files, its questions, and how to render it."""

import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from post_gen_project import CACHES, OWNERS, editions

import toolbox
from behaviour import OWNED
from variants import options

TEMPLATE = toolbox.TEMPLATE
DEFAULTS = {
    "project_slug": "my-ml-project",
    "package_name": "my_ml_project",
    **{question: choices[0] for question, choices in options().items()},
}
VARIABLE = re.compile(r"\{\{ ?cookiecutter\.(\w+)( \| upper)? ?\}\}")


def with_answers(text: str, answers: dict[str, str]) -> str:
    """Fill in plain variables, without Jinja: enough for paths and for the commands in a page."""

    def fill(match: re.Match[str]) -> str:
        answer = answers.get(match[1], match[0])
        return answer.upper() if match[2] else answer

    return VARIABLE.sub(fill, text)


def files(directory: Path) -> set[str]:
    """All files below a folder; caches, git and the table of owners apart."""
    ignored = {*CACHES, ".git", OWNERS}
    return {
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if path.is_file() and not ignored & set(path.relative_to(directory).parts)
    }


def expected_files(answers: dict[str, str]) -> set[str]:
    """What a variant consists of: the template's tree, less what its answers do not own."""
    owned = {path for owners in OWNED.values() for paths in owners.values() for path in paths}
    kept = {path for question, owners in OWNED.items() for path in owners[answers[question]]}
    lost = owned - kept
    return {
        with_answers(editions(OWNED).get(path, path), answers)
        for path in files(TEMPLATE)
        if not {path, *map(str, PurePosixPath(path).parents)} & lost
    }


def contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in files(directory)}


def cookiecutter(
    output: Path,
    answers: dict[str, str] | None = None,
    *,
    env: dict[str, str] | None = None,
    typed: str | None = None,
    config: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the Cookiecutter command as a user does, answering on the command line or by typing."""
    settings = ["--config-file", str(config)] if config else ["--default-config"]
    options = [*settings, "--output-dir", str(output)]
    if typed is None:
        options.append("--no-input")
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", *options, str(toolbox.ROOT)]
        + [f"{question}={answer}" for question, answer in (answers or {}).items()],
        env={**os.environ, **(env or {}), "PYTHONUTF8": "1"},
        input=typed,
        capture_output=True,
        encoding="utf-8",
    )
