"""Types of every file of a project: which variants mypy has to see."""

import subprocess
from collections import Counter
from pathlib import Path

from world import Variants, World

import library

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
        chosen.append(world.answers(one))
        kept = {path: variants for path, variants in kept.items() if not variants & one}
        if not kept:
            return chosen
        wanted = world.all
        for variants in sorted(kept.values(), key=int.bit_count):
            wanted = wanted & variants or wanted


def lay_out(world: World, directory: Path, answers: dict[str, str]) -> set[str]:
    """Make the folder hold what mypy reads of one variant; the Python files among it."""
    where, checked = world.where(answers), set[str]()
    written, absent = set[Path](), set[Path]()
    for path in world.paths:
        if not (path.startswith(TYPED) or path == "pyproject.toml"):
            continue
        target = directory / world.place(path)
        texts = [text for text, variants in world.editions[path].items() if variants & where]
        (written if texts else absent).add(target)
        if texts and (not target.exists() or target.read_text(encoding="utf-8") != texts[0]):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(texts[0], encoding="utf-8")
        if texts and is_checked(path):
            checked.add(path)
    # Several editions have one place: what one of them left out, another may have written.
    for target in absent - written:
        target.unlink(missing_ok=True)
    return checked


class Types:
    """mypy for one version of Python, in the environment of the library's tests."""

    def __init__(self, folder: Path, version: str) -> None:
        library.set_up()
        options = ["--python-version", version, "--cache-dir", str(folder / "cache")]
        # PyTorch and TensorFlow are not there; a comment about them is none too many.
        self._command = [str(library.python()), "-m", "mypy", "--no-warn-unused-ignores", *options]
        self._project = folder / "project"

    def complaints(self, world: World) -> tuple[list[str], Counter[str]]:
        """What mypy says of the variants that together have all files; how often it saw each."""
        found: list[str] = []
        seen: Counter[str] = Counter()
        for answers in covering(world):
            seen.update(lay_out(world, self._project, answers))
            done = subprocess.run(
                self._command, cwd=self._project, capture_output=True, encoding="utf-8"
            )
            lines = (done.stdout + done.stderr).splitlines() if done.returncode else []
            package = next(iter(world.template.tree.glob("src/*"))).name
            found += [line.replace(world.package, f"src/{package}", 1) for line in lines]
        return found, seen
