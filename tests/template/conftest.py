"""Rendered projects for the tests: as they come, and installed."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typed import Types

import behaviour
import covering
import toolbox
from variants import options

Bake = Callable[..., Path]


RUNS: pytest.StashKey[list[behaviour.Run]] = pytest.StashKey()
DEFAULT = "test_installed.py"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RUNS] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its runs to the process that reports."""
    if (handed := getattr(session.config, "workeroutput", None)) is not None:
        handed["runs"] = [asdict(run) for run in session.config.stash[RUNS]]


def pytest_testnodedown(node: Any) -> None:
    """Take in what a worker ran; the default project may have been installed by several."""
    runs = node.config.stash[RUNS]
    known = {run.name for run in runs}
    output = getattr(node, "workeroutput", {"runs": []})  # one that crashed has none
    runs += [behaviour.Run(**run) for run in output["runs"] if run["name"] not in known]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which answers and how many pairs of them were run, and by what."""
    runs = config.stash[RUNS]
    if not runs:
        return
    stats = terminalreporter.stats
    broken = [one.nodeid for one in [*stats.get("failed", []), *stats.get("error", [])]]
    passed = [one.nodeid for one in stats.get("passed", [])]
    for run in runs:
        if run.name == DEFAULT:
            # Other tests install the project as well; its own tests and loop have to have run.
            ran = all(
                any(step in name for name in passed) for step in ("[make test]", "[make loop]")
            )
            run.passed = ran and not any(DEFAULT in name for name in broken)
    found = covering.report(options(), [run.as_json() for run in runs])
    terminalreporter.section("answers that were run")
    for line in covering.lines(found, behaviour.static(), behaviour.heavy()):
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs an installed project comes last, or first where workers share the files."""
    shared = hasattr(config, "workerinput")

    def is_dear(item: pytest.Item) -> bool:
        return bool({"installed", "tools", "variant"} & set(getattr(item, "fixturenames", ())))

    items.sort(key=is_dear, reverse=shared)


@pytest.fixture(scope="session", autouse=True)
def git_identity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One git configuration for all tests, whatever the machine's is."""
    config = tmp_path_factory.mktemp("git") / "config"
    config.write_text("[user]\nname = Template Tests\nemail = tests@example.com\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(config))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for variable in [
            name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMM"))
        ]:
            patch.delenv(variable)
        yield


@pytest.fixture
def bake(cookies: Any) -> Bake:
    """Render with some answers other than the defaults; the project's folder."""

    def render(**answers: str) -> Path:
        return baked(cookies, answers)

    return render


@pytest.fixture(scope="session")
def project(cookies_session: Any) -> Path:
    """The default project as it is rendered; tests only read it."""
    return baked(cookies_session, {})


def baked(cookies: Any, answers: dict[str, str]) -> Path:
    result = cookies.bake(extra_context=answers)
    assert result.exception is None, result.exception
    path: Path = result.project_path
    return path


@pytest.fixture(scope="session")
def tools() -> dict[str, str]:
    """The environment variables under which a fresh machine would run our commands."""
    env: dict[str, str] = toolbox.environment()
    prefix = behaviour.PACKAGE.upper()
    env.update({f"{prefix}__{key}": value for key, value in behaviour.SLICE.items()})
    return env


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory,
    cookies_session: Any,
    tools: dict[str, str],
    request: pytest.FixtureRequest,
) -> Path:
    """The default project, installed from its lock, in a folder that ASCII cannot name."""
    place = tmp_path_factory.mktemp("home") / "Pröjekte"
    place.mkdir()
    project = baked(cookies_session, {}).rename(place / "my-ml-project")
    subprocess.run(["make", "install"], cwd=project, env=tools, check=True)
    default = {question: answers[0] for question, answers in options().items()}
    request.config.stash[RUNS].append(behaviour.Run(DEFAULT, default))
    return project


@pytest.fixture(scope="session", params=[0, -1], ids=["oldest Python", "newest Python"])
def types(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Types:
    """mypy for any template."""
    version = options()[behaviour.PYTHON][request.param]
    return Types(tmp_path_factory.mktemp("types"), version)
