"""The wheel of the library in the template, and the environment of the library's tests."""

import hashlib
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import run_tests
from post_gen_project import content_hash

import library
import superset
import toolbox
import wheel
from variants import template


@pytest.fixture(scope="module")
def carried() -> Path:
    (found,) = wheel.VENDOR.iterdir()
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from, of another age and with a cache lying in it."""
    root = tmp_path_factory.mktemp("library")
    shutil.copytree(toolbox.ROOT / "src", root / "src", copy_function=shutil.copyfile)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copyfile(toolbox.ROOT / name, root / name)
    for name in ("__pycache__/old.cpython-311.pyc", ".mypy_cache/old.py", ".DS_Store"):
        path = root / "src" / "mlops_loop" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("cache")
    return root


def test_the_wheel_holds_the_source(carried: Path, source: Path, tmp_path: Path) -> None:
    built = wheel.build(tmp_path, source)
    assert built.name == carried.name, "run `make wheel`"
    assert wheel.record(built) == wheel.record(carried), "run `make wheel`"


def test_a_wheel_holds_the_migrations_of_the_prediction_log(source: Path, tmp_path: Path) -> None:
    names = {
        line.partition(",")[0] for line in wheel.record(wheel.build(tmp_path, source)).splitlines()
    }
    migrations = "mlops_loop/prediction_log/_sql/migrations"
    scripts = {
        f"{migrations}/versions/{path.name}"
        for path in (toolbox.ROOT / "src" / migrations / "versions").glob("v*.py")
    }
    assert scripts and {f"{migrations}/env.py", *scripts} <= names


def test_the_wheel_holds_types_licence_and_pages(carried: Path) -> None:
    names = {line.partition(",")[0] for line in wheel.record(carried).splitlines()}
    assert "mlops_loop/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    pages = {
        path.relative_to(toolbox.ROOT / "src").as_posix()
        for suffix in ("html", "j2", "md")
        for path in (toolbox.ROOT / "src").rglob(f"*.{suffix}")
    }
    assert pages and pages <= names
    assert all(name.startswith(("mlops_loop/", "mlops_loop-")) for name in names)


def test_the_lock_names_the_wheel_with_its_hash_and_every_group(carried: Path) -> None:
    lock = tomllib.loads(wheel.LOCK.read_text(encoding="utf-8"))
    (entry,) = [package for package in lock["package"] if package["name"] == superset.LIBRARY]
    digest = hashlib.sha256(carried.read_bytes()).hexdigest()
    assert entry["files"] == [{"file": carried.name, "hash": f"sha256:{digest}"}]
    assert entry["source"] == {"type": "file", "url": f"vendor/{carried.name}"}
    assert entry["version"] == wheel.library_version()
    assert entry["groups"] == superset.groups_of_library(template())
    extras = tomllib.loads(wheel.PYPROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(entry["extras"]) == set(extras)


def test_a_lock_without_the_library_is_the_one_that_was_resolved() -> None:
    lock = wheel.LOCK.read_text(encoding="utf-8")
    resolved = wheel.without_library(lock)
    assert f'name = "{superset.LIBRARY}"' not in resolved
    assert content_hash(tomllib.loads(superset.superset(template()))) in resolved


def test_versions_are_counted_up_and_releases_are_not() -> None:
    assert wheel.next_version("0.1.0.dev9") == "0.1.0.dev10"
    with pytest.raises(wheel.VersionError, match="raise the version"):
        wheel.next_version("0.1.0")


def test_the_library_is_tested_from_source() -> None:
    library.set_up()
    code = "import mlops_loop; print(mlops_loop.__file__)"
    done = subprocess.run([library.python(), "-c", code], capture_output=True, text=True, cwd="/")
    assert Path(done.stdout.strip()).is_relative_to(toolbox.ROOT / "src"), done.stderr


def test_arguments_choose_the_suites() -> None:
    assert run_tests.suites(["-k", "gate"]) == ["tests/template", "tests/library"]
    assert run_tests.suites(["tests/library/test_gate.py", "-x"]) == ["tests/library"]
    assert run_tests.command("tests/template", ["-x"])[-2:] == ["tests/template", "-x"]
    assert "tests/library" not in run_tests.command("tests/library", ["tests/library/a.py"])


def test_nothing_of_a_make_reaches_the_make_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGS", "-k refusals")
    monkeypatch.setenv("MAKEFLAGS", "n -- ARGS=-k\\ refusals")
    (tmp_path / "Makefile").write_text('ARGS ?=\nall:\n\t@echo "[$(ARGS)]"\n')
    done = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=tmp_path,
        env=toolbox.environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n", done.stderr
