"""The git repository that a new project starts with, on machines of every kind."""

import shutil
import subprocess
from pathlib import Path

import pytest

from baking import cookiecutter

OLD_GIT = """#!/bin/sh
for word in "$@"; do
    case "$word" in --initial-branch*|-b) echo "error: unknown option" >&2; exit 129;; esac
done
exec "{git}" "$@"
"""


def git(project: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=project, check=True, capture_output=True, text=True).stdout


def test_project_starts_on_main_with_one_clean_commit(tmp_path: Path) -> None:
    done = cookiecutter(tmp_path)
    project = tmp_path / "my-ml-project"
    assert git(project, "log", "--format=%an %s %D").strip() == (
        "Template Tests Start from the template HEAD -> main"
    )
    assert git(project, "status", "--porcelain", "--ignored") == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["cd", "make", "make"]


def test_old_git_makes_the_same_repository(tmp_path: Path) -> None:
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(OLD_GIT.format(git=shutil.which("git")))
    wrapper.chmod(0o755)
    done = cookiecutter(tmp_path, env={"PATH": f"{wrapper.parent}:/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "my-ml-project", "branch", "--show-current") == "main\n"


def test_without_git_there_is_no_repository_and_a_line_says_so(tmp_path: Path) -> None:
    done = cookiecutter(tmp_path, env={"PATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "No git repository was made: git is not installed."
    assert len(done.stdout.splitlines()) == 4
    assert not (tmp_path / "my-ml-project" / ".git").exists()


def test_without_an_identity_nothing_is_committed_and_a_line_says_so(tmp_path: Path) -> None:
    nobody = tmp_path / "gitconfig"
    nobody.touch()
    done = cookiecutter(tmp_path, env={"GIT_CONFIG_GLOBAL": str(nobody), "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No first commit was made: git knows no user.name")
    assert git(tmp_path / "my-ml-project", "symbolic-ref", "HEAD") == "refs/heads/main\n"


def test_inside_a_work_tree_no_repository_is_made(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    done = cookiecutter(tmp_path)
    assert done.stdout.startswith("No git repository was made: this folder lies in one")
    assert not (tmp_path / "my-ml-project" / ".git").exists()


def test_the_users_hooks_and_signatures_have_no_say(tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-commit").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (hooks / "post-commit").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        "[user]\nname = N\nemail = n@example.com\n[commit]\ngpgSign = true\n"
        f"[core]\nhooksPath = {hooks}\n"
    )
    cookiecutter(tmp_path, env={"GIT_CONFIG_GLOBAL": str(config)})
    assert git(tmp_path / "my-ml-project", "rev-list", "--count", "HEAD") == "1\n"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("folder", ["with a space", "späte Flüge 目录"])
def test_difficult_folders(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    done = cookiecutter(tmp_path / folder)
    assert done.returncode == 0, done.stderr
    project = tmp_path / folder / "my-ml-project"
    assert git(project, "rev-list", "--count", "HEAD") == "1\n"
    assert "make loop" in subprocess.check_output(["make", "help"], cwd=project, text=True)
