"""Errors of the file system are one sentence with the path and what to do; exit code 2."""

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from mlops_loop._project import Project
from mlops_loop.cli import command_line

from .projects import cli


def run_raising(work: Callable[[], Any], *options: str) -> Result:
    """A command in which the library calls what raises; no code of a project is between them."""
    return CliRunner().invoke(command_line(work), [*options, "status"])


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC])
@pytest.mark.parametrize("name", ["config/contract.yaml", b"config/contract.yaml"])
def test_the_path_and_the_remedy_are_named(number: int, name: str | bytes) -> None:
    fail = Mock(side_effect=OSError(number, "as the system says it", name))
    result = run_raising(fail)
    assert result.exit_code == 2
    assert "config/contract.yaml" in result.stderr and result.stderr.count("\n") == 1
    assert "internal error" not in result.stderr and "Errno" not in result.stderr
    assert "choose another path" in result.stderr or "free some" in result.stderr
    assert isinstance(run_raising(fail, "--debug").exception, OSError)


def test_a_folder_below_a_file_and_a_folder_in_place_of_a_file_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    below = run_raising((file / "folder").mkdir)
    assert (below.exit_code, "has a file where a folder is expected" in below.stderr) == (2, True)
    here = run_raising(partial(file.mkdir, exist_ok=True))
    assert (here.exit_code, f"{file} is a file" in here.stderr) == (2, True)
    folder = run_raising(tmp_path.read_bytes)
    assert (folder.exit_code, f"{tmp_path} is a folder" in folder.stderr) == (2, True)


def test_a_long_name_is_shortened(tmp_path: Path) -> None:
    result = run_raising(tmp_path.joinpath("x" * 400).touch)
    assert result.exit_code == 2
    assert "is too long" in result.stderr and len(result.stderr) < 400


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named_also_where_the_system_gives_no_path() -> None:
    result = run_raising(partial(Path("/dev/full").write_text, "x" * 100_000))
    assert (result.exit_code, "no space left for the output" in result.stderr) == (2, True)


def test_an_error_of_arrow_is_not_one_of_the_projects_code(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file/out.csv"
    result = run_raising(partial(pa.OSFile, str(path), "wb"))
    assert result.exit_code == 2
    assert str(path) in result.stderr and "error.pxi" not in result.stderr


def test_an_error_without_a_path_is_an_internal_error() -> None:
    result = run_raising(Mock(side_effect=PermissionError(errno.EACCES, "Permission denied")))
    assert (result.exit_code, "internal error" in result.stderr) == (1, True)


def test_an_error_in_code_of_the_project_names_its_line() -> None:
    result = run_raising(lambda: Path("/").read_bytes())
    assert (result.exit_code, "test_file_errors.py, line" in result.stderr) == (2, True)


def test_the_commands_that_write_say_so(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    root = ["--root", str(project.root)]
    for command in (["docs", "--html"], ["log", "export", "--to"]):
        result = CliRunner().invoke(cli, [*root, *command, str(tmp_path / "file/out.csv")])
        assert result.exit_code == 2, result.output
        assert "file" in result.stderr and "internal error" not in result.stderr
        assert "Errno" not in result.stderr
