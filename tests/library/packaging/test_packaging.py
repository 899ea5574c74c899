"""The library in a project's vendor/: swapped, patched, extended, and undone where that fails."""

import tomllib
import zipfile
from pathlib import Path

import pytest

from mlops_loop._packaging import Environment, add, build, eject
from mlops_loop._packaging import upgrade as upgrade
from mlops_loop._packaging import write_requirements
from mlops_loop._packaging.environment import ProjectTestsError
from mlops_loop._packaging.vendored import VendoredLibrary, content_hash
from mlops_loop._packaging.wheel_file import metadata, pack, read_wheel, unpack
from mlops_loop.errors import InputError

from ..places import REPOSITORY

(CARRIED,) = REPOSITORY.glob("*cookiecutter.project_slug*/vendor/*.whl")
PYPROJECT = """[project]
name = "p"
version = "1"
requires-python = ">=3.11"
dynamic = ["dependencies"]

[tool.poetry.dependencies]
mlops-loop = {{ path = "vendor/{name}", extras = ["serving"] }}

[tool.poetry.group.train.dependencies]
mlops-loop = {{ path = "vendor/{name}", extras = ["train"] }}

[tool.mlops-loop]
version = "{version}"
"""
LOCK = """[[package]]
name = "idna"
version = "3.10"
files = [
    {{file = "idna.whl", hash = "sha256:0"}},
]

[[package]]
name = "mlops-loop"
version = "{version}"
files = [
    {{file = "{name}", hash = "sha256:{sha256}"}},
]

[package.source]
type = "file"
url = "vendor/{name}"

[metadata]
content-hash = "0"
"""


class Recorder(Environment):
    """Writes down what it is asked for; tests pass or fail as told."""

    def __init__(self, root: Path, passes: bool = True) -> None:
        super().__init__(root)
        self.asked: list[str] = []
        self._passes = passes

    @property
    def site_packages(self) -> Path:
        return self.root

    def install(self) -> None:
        self.asked.append("install")

    def poetry(self, *words: str) -> None:
        self.asked.append(" ".join(words))

    def test(self) -> None:
        self.asked.append("test")
        if not self._passes:
            raise ProjectTestsError("they fail")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the wheel that the template carries."""
    root = tmp_path / "project"
    (root / "vendor").mkdir(parents=True)
    wheel = read_wheel(CARRIED)
    (root / "vendor" / wheel.name).write_bytes(CARRIED.read_bytes())
    values = {"name": wheel.name, "version": wheel.version, "sha256": wheel.sha256}
    (root / "pyproject.toml").write_text(PYPROJECT.format(**values))
    (root / "poetry.lock").write_text(LOCK.format(**values))
    return root


def changed_wheel(folder: Path, version: str, requires: str = "") -> Path:
    """A wheel with another module in it, and another requirement if one is given."""
    origin = read_wheel(CARRIED)
    unpack(origin, folder / "source")
    (folder / "source/mlops_loop/added.py").write_text("VALUE = 1\n")
    wheel = pack(folder / "source", origin, version, folder)
    if requires:
        text = metadata(wheel.path, "METADATA").decode()
        text = text.replace("\nRequires-Python", f"\nRequires-Dist: {requires}\nRequires-Python", 1)
        _rewrite_metadata(wheel.path, text)
    return wheel.path


def _rewrite_metadata(path: Path, text: str) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, text if name.endswith("/METADATA") else content)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_an_upgrade_swaps_the_wheel_wherever_it_is_named(root: Path, tmp_path: Path) -> None:
    environment, wheel = Recorder(root), changed_wheel(tmp_path, "9.0")
    upgrade(environment, wheel)
    assert environment.asked == ["install", "test"]
    assert [path.name for path in (root / "vendor").iterdir()] == [wheel.name]
    pyproject = (root / "pyproject.toml").read_text()
    assert pyproject.count(wheel.name) == 2
    assert tomllib.loads(pyproject)["tool"]["mlops-loop"]["version"] == "9.0"
    lock = tomllib.loads((root / "poetry.lock").read_text())
    other, library = lock["package"]
    assert other["files"][0]["hash"] == "sha256:0"
    assert library["version"] == "9.0"
    assert library["files"][0]["hash"] == f"sha256:{read_wheel(wheel).sha256}"
    assert library["source"]["url"] == f"vendor/{wheel.name}"
    assert lock["metadata"]["content-hash"] == content_hash(tomllib.loads(pyproject))


def test_other_requirements_are_resolved(root: Path, tmp_path: Path) -> None:
    environment = Recorder(root)
    upgrade(environment, changed_wheel(tmp_path, "9.0", requires="leftpad"))
    assert environment.asked == ["lock", "install", "test"]


def test_an_upgrade_whose_tests_fail_is_undone(root: Path, tmp_path: Path) -> None:
    environment, before = Recorder(root, passes=False), contents(root)
    with pytest.raises(ProjectTestsError, match="is installed again instead of 9.0"):
        upgrade(environment, changed_wheel(tmp_path, "9.0"))
    assert contents(root) == before
    assert environment.asked == ["install", "test", "install"]


def test_a_folder_has_to_hold_one_wheel(root: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with pytest.raises(InputError, match="found none"):
        upgrade(Recorder(root), wheels)
    (wheels / CARRIED.name).write_bytes(CARRIED.read_bytes())
    assert "is installed already" in upgrade(Recorder(root), wheels)


def test_another_file_is_no_wheel_of_the_library(root: Path, tmp_path: Path) -> None:
    (tmp_path / "text.whl").write_text("no wheel")
    with pytest.raises(InputError, match="cannot be read as a wheel"):
        upgrade(Recorder(root), tmp_path / "text.whl")


def test_a_patched_library_becomes_a_local_version(root: Path) -> None:
    environment, version = Recorder(root), read_wheel(CARRIED).version
    folder = eject(environment)
    (folder / "mlops_loop" / "patch.py").write_text("VALUE = 2\n")
    assert str(folder) in (root / "mlops_loop_ejected.pth").read_text()
    with pytest.raises(InputError, match="exists"):
        eject(environment)
    assert build(environment) == f"{version}+local.1"
    assert not folder.exists() and not (root / "mlops_loop_ejected.pth").exists()
    unpack(VendoredLibrary(root).wheel, root / "again")
    assert (root / "again/mlops_loop/patch.py").read_text() == "VALUE = 2\n"
    eject(environment)
    assert build(environment) == f"{version}+local.2"


def test_packing_what_was_unpacked_changes_no_file(tmp_path: Path) -> None:
    origin = read_wheel(CARRIED)
    unpack(origin, tmp_path / "source")
    packed = pack(tmp_path / "source", origin, origin.version, tmp_path)
    record = metadata(origin.path, "RECORD").decode().splitlines()
    assert set(metadata(packed.path, "RECORD").decode().splitlines()) == set(record)


def test_an_extra_of_the_library_is_added_to_its_group(root: Path) -> None:
    environment = Recorder(root)
    add(environment, "lightgbm")
    add(environment, "redis")
    poetry = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["poetry"]
    assert poetry["dependencies"]["mlops-loop"]["extras"] == ["serving", "redis"]
    trained = poetry["group"]["train"]["dependencies"]["mlops-loop"]["extras"]
    assert trained == ["train", "lightgbm"]
    assert environment.asked == ["lock", "install"] * 2
    with pytest.raises(InputError, match="has the extra redis already"):
        add(environment, "redis")


def test_a_package_is_added_by_poetry(root: Path) -> None:
    environment = Recorder(root)
    add(environment, "cowsay>=6", "dev")
    assert environment.asked == ["add --group dev cowsay>=6"]


def test_a_group_that_does_not_name_the_library_is_explained(root: Path) -> None:
    with pytest.raises(InputError, match='add "redis" to its extras by hand'):
        add(Recorder(root), "redis", "monitor")


def test_requirements_name_the_wheel_below_the_project(root: Path) -> None:
    class Exporting(Recorder):
        def poetry(self, *words: str) -> None:
            wheel = "mlops_loop-1+local.1-py3-none-any.whl".replace("+", "%2B")
            line = f"mlops-loop @ file:///a%20b/vendor/{wheel} ; x \\\n    --hash=sha256:0\n"
            Path(words[-1]).write_text("idna==3.10\n" + line)

    write_requirements(Exporting(root), root / "requirements.txt")
    assert (root / "requirements.txt").read_text() == (
        "idna==3.10\n./vendor/mlops_loop-1+local.1-py3-none-any.whl ; x \\\n    --hash=sha256:0\n"
    )
