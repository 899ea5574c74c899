"""Types of every file of the package: which variants mypy has to see, and with which libraries."""

import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from references import DISTRIBUTIONS, normalized, python
from world import Variants, World

import toolbox

TYPED = ("src/", "tools/")


def is_checked(path: str) -> bool:
    """Whether it is among the files that the project tells mypy to check."""
    return path.endswith(".py") and path.startswith(TYPED)


def covering(world: World) -> list[dict[str, str]]:
    """Variants that together have every Python file that is type-checked; the default one first.

    Each further one has as many as it can of the files that are still unseen.
    """
    kept = {path: world.kept[path] for path in world.paths if is_checked(path) and world.kept[path]}
    chosen: list[dict[str, str]] = []
    wanted: Variants = 1
    while True:
        one = wanted & -wanted
        chosen.append(world.combinations[one.bit_length() - 1])
        kept = {path: variants for path, variants in kept.items() if not variants & one}
        if not kept:
            return chosen
        wanted = world.all
        for variants in sorted(kept.values(), key=int.bit_count):
            wanted = wanted & variants or wanted


def requirements(world: World) -> list[str]:
    """What mypy reads the types of, pinned as in the lock of all options.

    Libraries that mypy is told to do without are left out, and the heavy ones are among them.
    """
    untyped = {normalized(DISTRIBUTIONS.get(name, name)) for name in overridden(world)}
    imported = {name for _, found, _ in python(world) for name in found.packages}
    text = (world.template.tree / "poetry.lock").read_text(encoding="utf-8")
    locked: dict[str, list[dict[str, object]]] = {}
    for package in tomllib.loads(text)["package"]:
        locked.setdefault(normalized(package["name"]), []).append(package)
    stubs = {name for name in locked if name.startswith("types-") or name.endswith("-stubs")}
    wanted, found = [*imported, *stubs, "mypy"], set[str]()
    while wanted:
        name = wanted.pop()
        if name in locked and name not in found | untyped:
            found.add(name)
            wanted += [normalized(each) for one in locked[name] for each in needs(one)]
    return [
        f"{name}=={one['version']}{marker(one)}" for name in sorted(found) for one in locked[name]
    ]


def needs(package: dict[str, object]) -> Iterator[str]:
    """The dependencies that a package has whatever extras are asked for."""
    dependencies = package.get("dependencies", {})
    assert isinstance(dependencies, dict)
    for name, how in dependencies.items():
        if not isinstance(how, dict) or not how.get("optional"):
            yield name


def marker(package: dict[str, object]) -> str:
    """When a package is wanted: of one that stands twice in the lock, each time elsewhere."""
    found = package.get("markers", "")
    if isinstance(found, dict):
        found = " or ".join(f"({each})" for each in found.values())
    return f" ; {found}" if found else ""


def overridden(world: World) -> set[str]:
    """The modules whose missing types mypy is told to ignore, in some variant."""
    return {
        module.partition(".")[0]
        for text in world.editions["pyproject.toml"]
        for override in tomllib.loads(text)["tool"]["mypy"].get("overrides", [])
        for module in override["module"]
    }


def lay_out(world: World, directory: Path, answers: dict[str, str]) -> set[str]:
    """Make the folder hold what mypy reads of one variant; the Python files among it."""
    where, checked = world.where(answers), set[str]()
    for path in world.paths:
        if not (path.startswith(TYPED) or path == "pyproject.toml"):
            continue
        target = directory / world.place(path)
        texts = [text for text, variants in world.editions[path].items() if variants & where]
        if not texts:
            target.unlink(missing_ok=True)
        elif not target.exists() or target.read_text(encoding="utf-8") != texts[0]:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(texts[0], encoding="utf-8")
        if texts and is_checked(path):
            checked.add(path)
    return checked


class Types:
    """mypy, with the libraries that have types, in an environment of its own below a folder.

    Which versions of them are locked depends on the interpreter.
    """

    def __init__(self, world: World, folder: Path, interpreter: Path) -> None:
        python = toolbox.load_installer().executable(folder / "types", "python")
        pinned = folder / "types.txt"
        pinned.write_text("\n".join(requirements(world)), encoding="utf-8")
        env, make = toolbox.surroundings(), ["uv", "venv", "--quiet", "--python"]
        subprocess.run([*make, interpreter, folder / "types"], env=env, check=True)
        install: list[str | Path] = ["uv", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*install, "--python", python, "-r", pinned], env=env, check=True)
        # A comment that silences mypy about a library that is not here is none too many.
        options: list[str | Path] = ["--no-warn-unused-ignores", "--cache-dir", folder / "cache"]
        self.command = [python, "-m", "mypy", *options]
        self.project = folder / "project"

    def complaints(self, world: World) -> tuple[list[str], Counter[str]]:
        """What mypy says of the variants that together have all files; how often it saw each."""
        found: list[str] = []
        seen: Counter[str] = Counter()
        for answers in covering(world):
            seen.update(lay_out(world, self.project, answers))
            done = subprocess.run(
                self.command, cwd=self.project, capture_output=True, encoding="utf-8"
            )
            lines = (done.stdout + done.stderr).splitlines() if done.returncode else []
            package = next(iter(world.template.tree.glob("src/*"))).name
            found += [line.replace(world.package, f"src/{package}", 1) for line in lines]
        return found, seen
