"""The library's suite of the HTTP interface, as questions to a service at any URL."""

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment.project import Project

import toolbox
from behaviour import StepFailedError

SUITE = """
import os

import httpx
import pytest
from mlops_loop.testing import HttpContract


@pytest.fixture
def client():
    headers = {"X-API-Key": os.environ["API_KEY"]}
    with httpx.Client(base_url=os.environ["SERVICE_URL"], headers=headers, timeout=60) as client:
        yield client


class TestHttpContract(HttpContract):
    pass
"""
# Exit codes of pytest: all tests passed, or some failed; the others are errors of the run.
ASKED = (0, 1)


def ask(project: Project, url: str, key: str) -> dict[str, bool]:
    """Run the suite against a service, in the project's environment.

    Returns:
        Whether each test passed, by name. What failed is on the terminal.

    Raises:
        StepFailedError: if the suite could not be run.
    """
    with TemporaryDirectory(prefix="suite-") as folder:
        suite, report = Path(folder, "test_service.py"), Path(folder, "report.xml")
        suite.write_text(SUITE, encoding="utf-8")
        command: list[str | Path] = [
            project.python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--noconftest",
        ]
        command += ["--rootdir", folder, "--junitxml", report, suite]
        env = {**toolbox.environment(), "SERVICE_URL": url, "API_KEY": key}
        code = subprocess.run(command, cwd=folder, env=env).returncode
        if code not in ASKED:
            raise StepFailedError(f"the suite of {url} ended with exit code {code}, see above")
        return outcomes(report)


def outcomes(report: Path) -> dict[str, bool]:
    """Whether each test of a JUnit report passed with all its parameters."""
    passed: dict[str, bool] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = case.attrib["name"].partition("[")[0]
        passed[name] = passed.get(name, True) and len(case) == 0
    return passed


def failed(tests: Mapping[str, bool]) -> list[str]:
    """The names of the tests that failed."""
    return [name for name, passed in tests.items() if not passed]
