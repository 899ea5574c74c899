"""Renew what the template has locked, and print what moved."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import toolbox
import wheel
from superset import superset
from variants import Template

LOCK = toolbox.TEMPLATE / "poetry.lock"
HOOK = toolbox.ROOT / "hooks" / "pre_gen_project.py"
SLUG = "my-ml-project"
PACKAGE = re.compile(r'^\[\[package\]\]\nname = "(.+)"\nversion = "(.+)"$', re.MULTILINE)
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
NAME = re.compile(r"[a-z][a-z0-9_-]*")
TOP_LEVEL = """
import json
from importlib.metadata import packages_distributions
print(json.dumps(sorted(packages_distributions())))
"""


def run(*command: str | Path, cwd: Path = toolbox.ROOT) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=toolbox.environment(), stdout=subprocess.PIPE, encoding="utf-8"
    )
    if done.returncode:
        raise SystemExit(f"'{' '.join(map(str, command))}' failed with {done.returncode}.")
    return done.stdout


def moved(before: str, after: str, pattern: re.Pattern[str]) -> list[str]:
    """One line for each package whose versions differ between two locks."""
    old, new = versions(before, pattern), versions(after, pattern)
    return [
        f"  {name}: {' and '.join(old.get(name, ['none']))} -> "
        f"{' and '.join(new.get(name, ['none']))}"
        for name in sorted(old | new)
        if old.get(name) != new.get(name)
    ]


def versions(text: str, pattern: re.Pattern[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in pattern.findall(text):
        found.setdefault(name, []).append(version)
    return found


def write(path: Path, text: str, pattern: re.Pattern[str]) -> None:
    """Replace a lock and say what moved in it."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    lines = moved(before, text, pattern) or ["  nothing moved"]
    print("\n".join([f"{path.relative_to(toolbox.ROOT)}:", *lines]))


def lock_tools() -> None:
    """Resolve the groups of the template's pyproject.toml for every Python and system.

    The group `poetry` is what a rendered project installs, and its image.
    """
    fixed = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "-q")
    compiling = (toolbox.program("uv"), "pip", "compile", *fixed, "--no-emit-index-url")
    poetry = run(*compiling, "--group", "poetry", "--no-annotate", "--upgrade")
    write(toolbox.TEMPLATE / "tools" / "poetry.txt", poetry, REQUIREMENT)
    airflow = run(*compiling, "--group", "airflow", "--no-annotate", "--upgrade")
    write(toolbox.TEMPLATE / "dags" / "requirements.txt", airflow, REQUIREMENT)
    everything = run(*compiling, "--group", "demo", "--group", "test", "--upgrade")
    write(toolbox.REQUIREMENTS / "test.txt", everything, REQUIREMENT)
    for alone in ("audit", "faults", "spark"):
        resolved = run(*compiling, "--group", alone, "--upgrade")
        write(toolbox.REQUIREMENTS / f"{alone}.txt", resolved, REQUIREMENT)
    lock_library_tests(*compiling)
    constraint = ("--constraint", toolbox.REQUIREMENTS / "test.txt")
    write(
        toolbox.REQUIREMENTS / "demo.txt",
        run(*compiling, "--group", "demo", *constraint, "--no-annotate"),
        REQUIREMENT,
    )


def lay_out(place: Path) -> None:
    """Make a folder a project with all options at once, and their lock."""
    (place / "pyproject.toml").write_text(superset(Template()), encoding="utf-8")
    text = wheel.without_library(LOCK.read_text(encoding="utf-8"))
    (place / "poetry.lock").write_text(text, encoding="utf-8")


def lock_library_tests(*compiling: str | Path) -> None:
    """Resolve what the library's tests take besides the projects' lock, in agreement with it."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        lay_out(place)
        groups = ("--all-groups", "--without-hashes", "--output", "requirements.txt")
        run(toolbox.program("poetry"), "export", "--quiet", *groups, cwd=place)
        constraint = ("--constraint", place / "requirements.txt")
        resolved = run(*compiling, "--group", "library", *constraint, "--no-annotate")
        write(toolbox.REQUIREMENTS / "library.txt", resolved, REQUIREMENT)


def lock_project(keep: bool = False) -> None:
    """Resolve the dependencies of all options at once, anew or with what is locked kept."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        lay_out(place)
        if not keep:
            (place / "poetry.lock").unlink()
        run(toolbox.program("poetry"), "lock", cwd=place)
        found = (place / "poetry.lock").read_text(encoding="utf-8")
    library = wheel.vendored()
    write(LOCK, wheel.with_library(found, library) if library else found, PACKAGE)


def install_everything(place: Path) -> None:
    """Install all options, side by side, into .venv below a folder."""
    lay_out(place)
    wanted = ("--all-groups", "--output", "requirements.txt")
    run(toolbox.program("poetry"), "export", "--quiet", *wanted, cwd=place)
    run(toolbox.program("uv"), "venv", "--quiet", "--python", sys.executable, ".venv", cwd=place)
    sync = ("pip", "sync", "--quiet", "--require-hashes", "--python", ".venv")
    run(toolbox.program("uv"), *sync, "requirements.txt", cwd=place)


def import_names(project: Path) -> set[str]:
    """What can be imported in the environment of an installed project, its own package apart."""
    python = toolbox.load_installer().executable(project / ".venv", "python")
    own = {SLUG, SLUG.replace("-", "_")}
    return set(json.loads(run(python, "-c", TOP_LEVEL, cwd=project))) - own


def taken(lock: str, importable: set[str]) -> list[str]:
    """The names of the locked packages, as they are installed and as they are imported."""
    packages = {name.lower() for name, _ in PACKAGE.findall(lock)}
    names = packages | {name.replace("-", "_") for name in packages} | importable
    return sorted(name for name in names if NAME.fullmatch(name) and "__mypyc" not in name)


def write_names() -> None:
    """Write the names that no project may take into the hook."""
    with tempfile.TemporaryDirectory() as directory:
        install_everything(Path(directory))
        names = taken(LOCK.read_text(encoding="utf-8"), import_names(Path(directory)))
    hook = HOOK.read_text(encoding="utf-8")
    head, rest = hook.split("# <taken>\n")
    tail = rest.split("# </taken>\n")[1]
    HOOK.write_text(
        f"{head}# <taken>\n{literal(names)}# </taken>\n{tail}", encoding="utf-8", newline="\n"
    )
    print(f"{HOOK.relative_to(toolbox.ROOT)}: {len(names)} names are taken")


def literal(names: list[str]) -> str:
    """The assignment of TAKEN, filled to the line length."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) + 1 > 96:
            lines.append("")
        lines[-1] += f" {name}" if lines[-1] else name
    text = "\n".join(f"    {line}" for line in lines)
    return f'TAKEN = frozenset("""\n{text}\n    """.split())\n'


PARTS = {"tools": lock_tools, "project": lock_project, "names": write_names}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "part",
        nargs="*",
        choices=[*PARTS, []],
        metavar="PART",
        help="tools (what `make demo` and `make test` install), project (the lock of all options, "
        "from which each project gets its own), names (what the hook refuses); by default all",
    )
    parser.add_argument(
        "--keep", action="store_true", help="project alone: keep versions, add what an option adds"
    )
    arguments = parser.parse_args()
    if arguments.keep:
        lock_project(keep=True)
        return 0
    for part in arguments.part or PARTS:
        PARTS[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
