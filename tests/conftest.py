"""Rendered projects for the tests: as they come, and installed."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import toolbox

Bake = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cheap tests first: what needs an installed project comes last."""
    items.sort(
        key=lambda item: bool({"installed", "tools"} & set(getattr(item, "fixturenames", ())))
    )


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
    env: dict[str, str] = toolbox.surroundings()
    # Small but real: the commands are run as they are advertised, on a slice of the sample.
    slice_of_the_year = {
        "SOURCE": "sample://flights?until=2013-03-01&rows_per_month=3000",
        "TRAINING__TUNING__TRIALS": "2",
        "REPLAY__UNTIL": "2013-05-01",
        "REPLAY__ROWS_PER_MONTH": "1000",
    }
    env.update({f"MY_ML_PROJECT__{key}": value for key, value in slice_of_the_year.items()})
    return env


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, cookies_session: Any, tools: dict[str, str]
) -> Path:
    """The default project, installed from its lock, in a folder that ASCII cannot name."""
    place = tmp_path_factory.mktemp("home") / "Pröjekte"
    place.mkdir()
    project = baked(cookies_session, {}).rename(place / "my-ml-project")
    subprocess.run(["make", "install"], cwd=project, env=tools, check=True)
    return project
