"""The installer of a project, on machines whose settings suit other environments."""

import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

import toolbox

UNSUITABLE = {
    "user": "1",
    "target": "/nowhere",
    "prefix": "/nowhere",
    "root": "/nowhere",
    "no-deps": "1",
    "dry-run": "1",
    "require-hashes": "1",
    "constraint": "/nowhere/constraints.txt",
    "python": "/nowhere/python",
    "quiet": "3",
}
INDEX = "https://pypi.company.example/simple/"


@pytest.fixture(params=["environment", "file"])
def installer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """The installer under pip's settings, those that suit nothing here among them."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    settings = {**UNSUITABLE, "index-url": INDEX, "find-links": "/a\n/b", "retries": "0"}
    if request.param == "environment":
        config.touch()
        for name, value in settings.items():
            monkeypatch.setenv("PIP_" + name.upper().replace("-", "_"), value.replace("\n", " "))
    else:
        del settings["python"]  # pip takes it before it reads a file
        lines = (f"{name} = {value}".replace("\n", "\n    ") for name, value in settings.items())
        config.write_text("\n".join(["[global]", "index-url = x", "[install]", *lines]) + "\n")
    return toolbox.load_installer()


def test_only_settings_about_fetching_reach_an_environment(installer: ModuleType) -> None:
    env = installer.environment(installer.index_settings())
    listed = subprocess.check_output(
        [toolbox.program("python"), "-m", "pip", "config", "list"], env=env, text=True
    )
    settings = dict(line.split("=", 1) for line in listed.splitlines())
    assert settings[":env:.find-links"] == "'/a /b'"
    assert settings[":env:.index-url"] == f"'{INDEX}'"
    assert settings[":env:.retries"] == "'0'"
    assert not {name.rpartition(".")[2] for name in settings} & set(UNSUITABLE)
    assert (env["POETRY_PYPI_MIRROR_URL"], env["UV_DEFAULT_INDEX"]) == (INDEX, INDEX)


@pytest.mark.parametrize("installer", ["environment"], indirect=True)
def test_tools_are_installed_into_their_folder(installer: ModuleType, tmp_path: Path) -> None:
    (wheel,) = (toolbox.TEMPLATE / "vendor").glob("*.whl")
    wanted = ["--no-index", "--no-deps", str(wheel)]
    assert installer.make_environment(tmp_path / "env", wanted, "first")
    assert len(list((tmp_path / "env").rglob("mlops_loop/__init__.py"))) == 1
    assert not installer.make_environment(tmp_path / "env", wanted, "first")
