"""Keep the files that the answers own, fit the lock, make a git repository, say what comes next."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

# The table of who owns what, in the tree that it describes, and how it reads:
# question -> answer -> paths that only this answer keeps.
OWNERS = "OWNERS.toml"
Owned = dict[str, dict[str, list[str]]]

# The only Jinja in the project's tests. The hook fills it in, at a tenth of what Jinja takes for
# files of that length; in two parts, since the hook itself is rendered.
PACKAGE_NAME = "{" "{ cookiecutter.package_name }" "}"
# The folder of the package, as the template's tree and the table of owners have it.
PACKAGE_FOLDER = PACKAGE_NAME.replace(" ", "")

# A package of the lock: its groups, and its markers, which stand before or after its files.
PACKAGE = re.compile(
    r"(?P<start>(?:.*\n)*?)groups = (?P<groups>.*)\n(?P<alike>markers = .*\n)?"
    r"(?P<files>files = \[(?:\n(?: .*\n)*)?\]\n)(?P<markers>markers = .*\n)?"
)
# The parts of a marker by which it holds for one minor version of Python, or for those before it.
UP_TO = re.compile(r'python_version (==|<) "3\.(\d+)"')

# What tools leave beside the template's sources when it is worked on; it belongs to nobody.
CACHES = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})

# Git ignores the environment of this process: neither a calling hook's variables nor the user's
# hooks, signatures and ignore lists have a say in the first commit.
GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
GIT_SETTINGS = {
    "commit.gpgSign": "false",
    "core.excludesFile": os.devnull,
    "core.hooksPath": os.devnull,
    "core.safecrlf": "false",
    "user.useConfigOnly": "true",
}


class GitRefused(Exception):
    """Git said no; the text is the end of its answer."""


def keep_what_is_owned(project: Path, answers: dict[str, str]) -> None:
    """Delete what no answer owns, and give kept editions their common name."""
    table = (project / OWNERS).read_text(encoding="utf-8")
    owned: Owned = tomllib.loads(table.replace(PACKAGE_FOLDER, answers["package_name"]))
    paths = {path for owners in owned.values() for paths in owners.values() for path in paths}
    kept = {path for question, owners in owned.items() for path in owners[answers[question]]}
    for path in sorted(paths - kept | {OWNERS}):
        delete(project / path)
    for edition, name in editions(owned).items():
        if edition in kept:
            (project / edition).replace(project / name)
    for folder, folders, _ in os.walk(project):
        for cache in CACHES.intersection(folders):
            delete(Path(folder, cache))
            folders.remove(cache)


def editions(owned: Owned) -> dict[str, str]:
    """The files that are named for their answer: the name in the template -> in the project."""
    return {
        path: path.removesuffix(ending) + suffix
        for owners in owned.values()
        for answer, paths in owners.items()
        for path in paths
        for ending, suffix in ((f".{answer}", ""), (f"_{answer}.py", ".py"))
        if path.endswith(ending) and path != ending
    }


def name_package(project: Path, package: str) -> None:
    """Write the name of the package into the tests, the DAGs and the entry points of targets."""
    copied = [project / folder for folder in ("tests", "dags", "deploy")]
    for path in [path for folder in copied for path in folder.rglob("*.py")]:
        text = path.read_bytes()
        if PACKAGE_NAME.encode() in text:
            path.write_bytes(text.replace(PACKAGE_NAME.encode(), package.encode()))


def delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def fit_lock(project: Path, answers: dict[str, str]) -> None:
    """Leave in the lock of all options what this variant's own groups want.

    Nothing is resolved: Poetry has noted for each package which groups want it. Text is sliced
    rather than parsed, since a megabyte of TOML takes half a second.
    """
    pyproject = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    groups = ["main", *pyproject["tool"]["poetry"]["group"]]
    roles = {
        group_of_answer(group, *answer): group for group in groups for answer in answers.items()
    }
    roles.update({group: group for group in groups})
    requires_python = pyproject["project"]["requires-python"]  # like >=3.11,<3.15
    oldest = int(requires_python.removeprefix(">=3.").partition(",")[0])
    lock = project / "poetry.lock"
    text, _, _ = lock.read_bytes().decode().rpartition("[metadata]\n")
    head, *packages = text.split("[[package]]\n")
    fitted = (fit_package(package, roles, oldest) for package in packages)
    kept = [package for package in fitted if package]
    metadata = (
        '[metadata]\nlock-version = "2.1"\n'
        f'python-versions = "{requires_python}"\n'
        f'content-hash = "{content_hash(pyproject)}"\n'
    )
    lock.write_bytes(("[[package]]\n".join([head, *kept]) + metadata).encode())


def group_of_answer(group: str, question: str, answer: str) -> str:
    """The group of the lock that holds what an answer adds to a group of the project."""
    return re.sub(r"[-_.]+", "-", f"{group}-{question}-{answer}".lower())


def fit_package(package: str, roles: dict[str, str], oldest: int) -> str:
    """One package of the lock, told in the project's own groups; empty if none of them wants it.

    A marker that all groups share stands before the files, markers that differ after them. A group
    that wants the package only for Pythons before 3.`oldest` does not want it: `poetry export`
    would list it for every Python.
    """
    found = PACKAGE.match(package)
    if found is None:
        raise ValueError(f"poetry.lock is not of the version that is known here: {package[:60]!r}")
    alike, markers = found["alike"] or "", found["markers"] or ""
    shared: str = tomllib.loads(alike).get("markers", "")
    own: dict[str, str] = tomllib.loads(markers).get("markers", {})
    wanted_by = {
        group: roles[group]
        for group in json.loads(found["groups"])
        if group in roles and not excludes(own.get(group, shared), oldest)
    }
    groups = sorted(set(wanted_by.values()), key=lambda group: (group != "main", group))
    if not groups:
        return ""
    if own:
        alike, markers = fit_markers(own, wanted_by, groups)
    start = f"{found['start']}groups = {json.dumps(groups)}\n"
    return start + alike + found["files"] + markers + package[found.end() :]


def excludes(marker: str, oldest: int) -> bool:
    """Whether a marker holds for no Python from 3.`oldest` on; parentheses are not looked into."""
    alternatives = re.sub(r"\(.*?\)", "", marker).split(" or ")
    return all(
        any(int(minor) < oldest + (sign == "<") for sign, minor in UP_TO.findall(alternative))
        for alternative in alternatives
    )


def fit_markers(
    markers: dict[str, str], wanted_by: dict[str, str], groups: list[str]
) -> tuple[str, str]:
    """When each group wants a package: as one line for all of them, or as a table of groups."""
    fitted: dict[str, str] = {}
    for group in groups:
        conditions = [markers.get(source) for source in wanted_by if wanted_by[source] == group]
        if None not in conditions:
            fitted[group] = " or ".join(dict.fromkeys(map(str, conditions)))
    if not fitted:
        return "", ""
    if len(fitted) == len(groups) and len(set(fitted.values())) == 1:
        return f"markers = {json.dumps(fitted[groups[0]])}\n", ""
    table = ", ".join(f"{group} = {json.dumps(marker)}" for group, marker in fitted.items())
    return "", "markers = {" + table + "}\n"


def content_hash(pyproject: dict[str, Any]) -> str:
    """Poetry's digest of what its lock depends on (Poetry 2.3 and newer)."""

    def part(table: dict[str, Any], *keys: str) -> dict[str, Any]:
        return {key: table[key] for key in keys if key in table}

    of_project = ("requires-python", "dependencies", "optional-dependencies")
    of_poetry = ("dependencies", "source", "extras", "dev-dependencies", "group")
    relevant = {
        "project": part(pyproject["project"], *of_project),
        **part(pyproject, "dependency-groups"),
        "tool": {"poetry": part(pyproject["tool"]["poetry"], *of_poetry)},
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def git(project: Path, *arguments: str) -> str:
    """Run one git command in the project; its output, or GitRefused."""
    settings = [word for key, value in GIT_SETTINGS.items() for word in ("-c", f"{key}={value}")]
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=project,
        env={key: value for key, value in os.environ.items() if key not in GIT_VARIABLES},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise GitRefused((done.stderr.strip() or "no reason given").splitlines()[-1])
    return done.stdout.strip()


def git_agrees(project: Path, *arguments: str) -> bool:
    try:
        return git(project, *arguments) != "false"
    except GitRefused:
        return False


def make_repository(project: Path) -> str | None:
    """Make a repository on `main` with one commit; what was skipped and why, if anything was."""
    if shutil.which("git") is None:
        return "No git repository was made: git is not installed."
    if git_agrees(project, "rev-parse", "--is-inside-work-tree"):
        return "No git repository was made: this folder lies in one already."
    try:
        git(project, "init", "--quiet")
        # Works on every git, where `init --initial-branch` needs 2.28.
        git(project, "symbolic-ref", "HEAD", "refs/heads/main")
        if not all(
            git_agrees(project, "var", f"GIT_{who}_IDENT") for who in ("AUTHOR", "COMMITTER")
        ):
            return "No first commit was made: git knows no user.name and user.email yet."
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--no-verify", "--message", "Start from the template")
    except GitRefused as refused:
        return f"The first commit was not made: git says '{refused}'."
    return None


def next_steps(slug: str) -> str:
    return (
        f"  cd {slug}\n"
        "  make install   installs what poetry.lock names (without make: poetry install)\n"
        "  make loop      replays a year of the sample: train, serve, monitor, retrain, promote"
    )


def main(answers: dict[str, str]) -> int:
    project = Path.cwd()
    keep_what_is_owned(project, answers)
    name_package(project, answers["package_name"])
    fit_lock(project, answers)
    skipped = make_repository(project)
    if skipped:
        print(skipped)
    print(next_steps(answers["project_slug"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(r"""{{ cookiecutter | tojson }}""")))
