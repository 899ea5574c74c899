"""The page that says which deployment target passed which tests of the suite, and when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from deployment.suite import failed

HEAD = """# Deployment targets

Which services passed the HTTP contract suite (`mlops_loop.testing.HttpContract`), run unchanged
against each target by `make targets`, which writes this page. A row is as old as its date.

| target | web framework | date | passed | failed |
| --- | --- | --- | --- | --- |
"""
TESTS = "\nThe tests, of the latest run:\n\n"
ROW = re.compile(r"^\| ([a-z_]+) \| ([a-z]+) \| \d.*$", re.MULTILINE)
TEST = re.compile(r"^- .*$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """What came of asking one service.

    Attributes:
        day: the date of the run.
        tests: whether each test passed, by name.
        error: why the tests could not be run.
    """

    target: str
    framework: str
    day: date
    tests: Mapping[str, bool] = field(default_factory=dict)
    error: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.tests) and not self.error and not failed(self.tests)

    def row(self) -> str:
        """The row of the table."""
        count = f"{sum(self.tests.values())} of {len(self.tests)}"
        cells = (self.target, self.framework, str(self.day), count, self._problem())
        return f"| {' | '.join(cells)} |".replace("|  |", "| |")

    def message(self) -> str:
        """One line about the run."""
        problem = self.error or self._problem()
        count = f"{sum(self.tests.values())} of {len(self.tests)} tests passed"
        return f"{self.target}, {self.framework}: {count}" + (f"; {problem}" if problem else "")

    def _problem(self) -> str:
        names = ", ".join(map(in_words, failed(self.tests)))
        return "did not run" if self.error else names


def in_words(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def write(page: Path, result: Result) -> None:
    """Replace the row of a service, and keep those of others."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    rows = {match.groups(): match[0] for match in ROW.finditer(text)}
    rows[result.target, result.framework] = result.row()
    tests = [f"- {in_words(name)}" for name in result.tests] or TEST.findall(text)
    lines = "".join(f"{rows[key]}\n" for key in sorted(rows))
    listed = TESTS + "\n".join(tests) + "\n" if tests else ""
    page.write_text(HEAD + lines + listed, encoding="utf-8", newline="\n")
