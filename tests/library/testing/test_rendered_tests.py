"""The tests of a rendered project find a mistake in the project's code, and where it is.

Each mistake is made in a copy of the flights project, whose tests then run as its owner runs them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..places import FLIGHTS, REPOSITORY

RENDERED_TESTS = REPOSITORY / "{{cookiecutter.project_slug}}/tests"
PACKAGE_NAME = "{{ cookiecutter.package_name }}"
SETTINGS = """
[pytest]
addopts = -q --strict-config --strict-markers --import-mode=importlib -p no:cacheprovider
testpaths = tests
pythonpath = src
filterwarnings = error
"""
FEATURES, CONTRACT = "src/flights/features.py", "config/contract.yaml"


@dataclass(frozen=True)
class Mistake:
    """Edits of one file, and the tests that they fail.

    Attributes:
        file: of the project.
        edits: what takes the place of what; regular expressions.
        failing: names of the tests.
        tests: which file of tests runs; that of the features needs no training.
    """

    file: str
    edits: dict[str, str]
    failing: set[str]
    tests: str = "tests/test_features.py"


MISTAKES = {
    "a sign, an order and a time zone": Mistake(
        FEATURES,
        {
            "temperature - dew_point": "dew_point - temperature",
            "arrival_minute - departure_minute": "departure_minute - arrival_minute",
            "scheduled_departure - _NEW_YORK": "scheduled_departure",
        },
        {
            "test_the_dew_point_spread_is_how_much_warmer_the_air_is",
            "test_the_scheduled_minutes_pass_midnight",
            "test_the_weekday_is_that_of_new_york",
        },
    ),
    "a column dropped from the contract": Mistake(
        CONTRACT,
        {r"  dew_point:\n(    .*\n)+": ""},
        {"test_the_contract_has_every_column_that_a_feature_needs"},
    ),
    "a wrong shape": Mistake(
        FEATURES,
        {"return temperature - dew_point": "return (temperature - dew_point)[:, None]"},
        {"test_every_feature_is_one_value_a_row"},
    ),
    "a mean of all rows": Mistake(
        FEATURES,
        {"return temperature - dew_point": "return temperature - dew_point.mean()"},
        {"test_no_feature_looks_at_other_rows"},
    ),
    "a broken route": Mistake(
        "src/flights/routes.py",
        {r"service\.versions": "service.no_such_attribute"},
        {"test_no_route_fails", "test_the_versions_in_service"},
        tests="tests/test_app.py",
    ),
}


# What an owner adds, appended to files of the project: no test has to be changed for it.
ADDITIONS = {
    "README.md": "# Ours\n",
    "src/flights/routes.py": """

@router.get("/search")
async def search(q: str) -> list[str]:
    return [q]


@router.get("/flights/{number}")
async def flight(number: int) -> int:
    return number
""",
    "src/flights/models.py": """
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

CANDIDATES.append(
    Candidate(
        "extra_trees",
        lambda task, parameters: make_pipeline(
            SimpleImputer(), ExtraTreesClassifier(20, random_state=task.seed, **parameters)
        ),
    )
)
""",
    "src/flights/metrics.py": """

def share_of_alarms(labels: NDArray[np.int64], predicted: NDArray[np.float64]) -> float:
    return float((predicted[:, 1] > 0.5).mean())


REPORTED.append(Metric("alarms", share_of_alarms, greater_is_better=False, problems=("binary",)))
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The flights project with the tests that a rendered project has."""
    root = tmp_path / "flights"
    shutil.copytree(FLIGHTS, root, ignore=shutil.ignore_patterns("__pycache__", "var"))
    (root / "tests").mkdir()
    for path in RENDERED_TESTS.glob("*.py"):
        text = path.read_text(encoding="utf-8").replace(PACKAGE_NAME, "flights")
        (root / "tests" / path.name).write_text(text, encoding="utf-8")
    (root / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    return root


RunTests = Callable[..., set[str]]


@pytest.fixture
def run_tests(project: Path) -> RunTests:
    """Runs tests of the project; returns the names of those that fail."""

    def run(*arguments: str) -> set[str]:
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=project,
            env=environment,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return set(
            re.findall(r"^(?:FAILED|ERROR) .*?(test_\w+?)(?:\[.*\])?(?: - |$)", done.stdout, re.M)
        )

    return run


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(project: Path, run_tests: RunTests, name: str) -> None:
    mistake = MISTAKES[name]
    path = project / mistake.file
    text = path.read_text(encoding="utf-8")
    for old, new in mistake.edits.items():
        text, edits = re.subn(old, new, text)
        assert edits, f"{mistake.file} holds no {old!r} any more"
    path.write_text(text, encoding="utf-8")
    assert mistake.failing <= run_tests(mistake.tests)


def test_with_additions_the_tests_pass_and_leave_the_project_as_it_is(
    project: Path, run_tests: RunTests
) -> None:
    for name, text in ADDITIONS.items():
        with (project / name).open("a", encoding="utf-8") as file:
            file.write(text)
    before = listing(project)
    assert run_tests() == set()
    assert listing(project) == before


def listing(root: Path) -> set[str]:
    """Files of the project, but for what Python and Hypothesis leave."""
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {str(path) for path in paths if not {"__pycache__", ".hypothesis"} & {*path.parts}}
