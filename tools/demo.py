"""Render the default project, install it from its lock, play its loop, and say how it went."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import toolbox

SLUG = "my-ml-project"
PACKAGE = "my_ml_project"
MARK = ".made-by-make-demo"
REPORT = Path("var/reports/loop.html")
STEPS = 4


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


@contextmanager
def step(number: int, title: str) -> Iterator[None]:
    print(f"[{number}/{STEPS}] {title}", flush=True)
    began = time.monotonic()
    yield
    print(f"      done in {time.monotonic() - began:.0f} s", flush=True)


def run(command: list[str | Path], env: dict[str, str], cwd: Path = toolbox.ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, env=env)
    if done.returncode:
        words = " ".join([Path(command[0]).name, *map(str, command[1:])])
        raise DemoError(f"'{words}' ended with exit code {done.returncode}; its reason is above.")


def clear(directory: Path) -> None:
    """Remove the demo made here before; refuse to touch anything else."""
    if (directory / SLUG).exists() and not (directory / MARK).is_file():
        raise DemoError(
            f"{directory / SLUG} was not made by 'make demo': move it away, "
            "or name another folder with --output."
        )
    shutil.rmtree(directory / SLUG, ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).write_text("This folder may be replaced.\n", encoding="utf-8")


def render(directory: Path, env: dict[str, str]) -> None:
    clear(directory)
    command = toolbox.cookiecutter(directory)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise DemoError(f"The template did not render:\n{done.stdout}{done.stderr}")


def ask(project: Path, *command: str) -> Any:
    """The JSON that a command of the project prints."""
    python = toolbox.load_installer().executable(project / ".venv", "python")
    done = subprocess.run(
        [python, "-m", PACKAGE, *command, "--json"],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise DemoError(f"'{SLUG} {' '.join(command)}' failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def why_it_serves(history: dict[str, Any], version: str) -> str:
    """The reason that the journal gives for a version that serves."""
    for entry in reversed(history["entries"]):
        if entry["kind"] in ("promote", "rollback") and entry["details"]["version"] == version:
            return str(entry["reason"])
    raise DemoError(f"The loop's history does not say why version {version} serves.")


def summary(project: Path, seconds: float) -> str:
    champion = ask(project, "status")["champion"]
    if champion is None:
        raise DemoError("The loop ended without a model that serves.")
    if not (project / REPORT).is_file():
        raise DemoError(f"The loop ended without its page, {project / REPORT}.")
    version = str(champion["version"])
    reason = why_it_serves(ask(project, "loop", "history"), version)
    return "\n".join(
        [
            "",
            f"  project  {shown(project)}",
            f"  serves   version {version}, since {champion['since']}",
            f"  because  {reason}",
            f"  report   {shown(project / REPORT)}",
            f"  took     {seconds // 60:.0f} min {seconds % 60:.0f} s",
        ]
    )


def shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def install_source(project: Path, env: dict[str, str]) -> None:
    """Let the project import the library from src/, to work on both."""
    pip: list[str | Path] = ["uv", "pip", "install", "--quiet", "--python", ".venv"]
    run([*pip, "--no-deps", "--editable", toolbox.ROOT], env, project)


def demo(directory: Path, library: str) -> None:
    began = time.monotonic()
    project = directory / SLUG
    with step(1, "Setting up tools in .tools"):
        toolbox.set_up("demo")
        env = toolbox.environment()
    with step(2, f"Rendering the default project into {shown(project)}"):
        render(directory, env)
    with step(3, "Installing it from its lock"):
        run(["make", "--no-print-directory", "install"], env, project)
        if library == "source":
            install_source(project, env)
    with step(4, "Playing its loop"):
        run(["make", "--no-print-directory", "loop"], env, project)
    print(summary(project, time.monotonic() - began))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=toolbox.ROOT / "demo", help="where to render (demo)"
    )
    parser.add_argument(
        "--library",
        choices=["wheel", "source"],
        default="wheel",
        help="the library as the project has it, or src/ of this repository (wheel)",
    )
    arguments = parser.parse_args()
    directory = arguments.output.resolve()
    if sys.version_info < toolbox.OLDEST_PYTHON:
        print(f"Python 3.11 or newer is needed; python3 is {sys.version.split()[0]}.")
        return 2
    try:
        demo(directory, arguments.library)
    except (DemoError, OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:
        if type(error).__name__ != "InstallError":
            raise
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
