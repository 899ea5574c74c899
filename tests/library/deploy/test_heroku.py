"""The processes of the Procfile, started by honcho as Heroku starts them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mlops_loop.testing import HttpContract

from ..stores import postgresql
from .packages import TARGETS, deployed, make_package, platform_env, rendered

PACKAGE = "fastapi_app"


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the add-on, as Heroku writes it."""
    with postgresql.serve(tmp_path_factory.mktemp("postgresql")) as new_address:
        yield new_address().replace("postgresql://", "postgres://")


@pytest.fixture(scope="module")
def slug(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_package(
        tmp_path_factory.mktemp("slug"), "heroku", "fastapi", prediction_log="postgresql"
    ).root


@pytest.fixture(scope="module")
def released(slug: Path, database_url: str) -> str:
    """What the release phase prints."""
    env = platform_env("fastapi", DATABASE_URL=database_url)
    honcho = [sys.executable, "-m", "honcho", "start", "release"]
    done = subprocess.run(honcho, cwd=slug, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def client(slug: Path, database_url: str, released: str) -> Iterator[httpx.Client]:
    command = (sys.executable, "-m", "honcho", "start", "web")
    with deployed(slug, "fastapi", *command, DATABASE_URL=database_url) as client:
        yield client


class TestHttpContract(HttpContract):
    """Dynos keep every promise to clients."""


def test_the_release_phase_creates_the_tables(released: str) -> None:
    assert "prediction log" in released


def test_redis_is_reached_by_the_address_of_its_add_on() -> None:
    procfile = rendered(TARGETS / "heroku/Procfile", PACKAGE, prediction_log="redis")
    assert 'FASTAPI_APP__PREDICTION_LOG="$REDIS_URL?ssl_cert_reqs=none"' in procfile


def test_a_service_without_a_log_has_no_release_phase() -> None:
    procfile = rendered(TARGETS / "heroku/Procfile", PACKAGE, prediction_log="none")
    assert [line.partition(":")[0] for line in procfile.splitlines()] == ["web"]


def test_the_version_of_python_is_the_project_s() -> None:
    assert rendered(TARGETS / "heroku/.python-version", PACKAGE) == "3.13\n"
