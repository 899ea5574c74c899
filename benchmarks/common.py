"""What benchmarks of a rendered project share: their arguments, their folder, their report."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Result = dict[str, Any]


class BenchmarkError(Exception):
    """The benchmark cannot go on; the text says why."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """Knows the project and where to write every measurement."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument("project", type=Path, help="a rendered, installed project with a champion")
    made.add_argument("--json", type=Path, help="write every single measurement to this file")
    return made


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be at least 1")
    return number


def package(project: Path) -> str:
    """The name of a project's package.

    Raises:
        BenchmarkError: if it has none, or several.
    """
    found = [path.parent.name for path in project.glob("src/*/__main__.py")]
    if len(found) != 1:
        raise BenchmarkError(f"{project} is no rendered project: it has no src/PACKAGE/__main__.py")
    return found[0]


def load_project(root: Path) -> Any:
    """The project in a folder; for scripts that the interpreter of a rendered project runs."""
    sys.path.insert(0, str(root / "src"))
    from my_ml_project.project import project

    return project


def report(
    options: argparse.Namespace,
    benchmark: Callable[[argparse.Namespace, Path], Result],
    table: Callable[[Result], str],
) -> int:
    """Run a benchmark in a folder under the project's `var`, and print its table; the exit code."""
    options.project = options.project.resolve()
    try:
        (options.project / "var").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.project / "var") as made:
            result = benchmark(options, Path(made))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    before, after = (result["load_average"][when] for when in ("before", "after"))
    print(table(result))
    print(
        f"\n{options.rounds} rounds by turns, medians; "
        f"load average {before:.1f} before and {after:.1f} after"
    )
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0
