"""Whether the library declares what it imports, in the extra of the code that needs it.

What every part needs is a core dependency. What only one answer of a question needs (a web
framework, a store, a library of models) has an extra of that answer's name. Only modules whose path
says that name import it at the top; others do so in a function that runs where it was chosen. The
service runs with the core, `serving` and the extras of answers.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

import references
from references import References, normalized

from variants import options

PACKAGE = "src/mlops_loop"
# The service has to do all that it can do; of what it imports, what runs at import counts.
SERVICE = (f"{PACKAGE}/serving/", f"{PACKAGE}/_predictor")
# What `--help` and `project.py` of a project import. The core alone has to be enough.
LAUNCHER = (f"{PACKAGE}/__init__", f"{PACKAGE}/cli/__init__", f"{PACKAGE}/_project")
QUESTIONS = ("model_library", "prediction_log", "web_framework")


class Library:
    """The source of the library below a root, and what its pyproject.toml declares."""

    def __init__(self, root: Path) -> None:
        self._root = root
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        optional: dict[str, list[str]] = project["optional-dependencies"]
        self.core = names(project["dependencies"])
        self.extras = {extra: names(wishes) for extra, wishes in optional.items()}
        self.excused = names(re.findall(r'"([^"\n]+)"\]?,? # unimported: \S', text))
        # Extras of answers: only the modules that are named for the answer need them.
        answers = {answer for question in QUESTIONS for answer in options(root)[question]}
        self.choices = set(self.extras) & answers

    @cached_property
    def modules(self) -> dict[str, References]:
        """Each module without its suffix, and what it refers to."""
        found = {}
        for path in sorted((self._root / PACKAGE).rglob("*.py")):
            place = path.relative_to(self._root).as_posix()
            text = path.read_text(encoding="utf-8")
            found[place.removesuffix(".py")] = references.python_references(place, text, PACKAGE)
        return found

    @cached_property
    def of_answers(self) -> frozenset[str]:
        """What only the extras of answers bring."""
        others = [self.extras[extra] for extra in self.extras if extra not in self.choices]
        return union(self.extras[extra] for extra in self.choices) - self.core.union(*others)

    def of_answer(self, module: str) -> frozenset[str]:
        """What the extras bring that a module's path is named for."""
        words = set(re.split(r"[/_]", module))
        return union(self.extras[extra] for extra in self.choices & words)

    def imported_with(self, starts: tuple[str, ...]) -> set[str]:
        """The modules that are imported when some are; of the service, also what comes later."""
        waiting = [name for name in self.modules if name.startswith(starts)]
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            found = self.modules[name]
            targets = found.modules if name.startswith(SERVICE) else found.at_once
            around = [f"{parent}/__init__" for parent in PurePosixPath(name).parents]
            each = [module for alternatives in targets for module in alternatives]
            each += [f"{module}/__init__" for module in each]
            waiting += [module for module in [*each, *around] if module in self.modules]
        return reached


def names(wishes: list[str]) -> frozenset[str]:
    return frozenset(normalized(re.split(r"[^\w.-]", wish)[0]) for wish in wishes)


def union(sets: Iterator[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def complaints(root: Path) -> list[str]:
    library = Library(root)
    return [*undeclared(library), *misplaced(library), *too_much(library), *idle(library)]


def undeclared(library: Library) -> Iterator[str]:
    declared = library.core | union(iter(library.extras.values()))
    for module, found in library.modules.items():
        for name in sorted(found.packages - declared):
            yield f"{module}.py: needs {name}, which pyproject.toml does not declare"


def misplaced(library: Library) -> Iterator[str]:
    """What only one answer needs is imported at the top only where the path says so."""
    for module, found in library.modules.items():
        for name in sorted((found.needs & library.of_answers) - library.of_answer(module)):
            yield f"{module}.py: needs {name}, which comes with an answer that its path lacks"


def too_much(library: Library) -> Iterator[str]:
    """What serving needs is in the core, in `serving`, or in the extra of the answer."""
    serving = library.core | library.extras["serving"]
    for starts, have in ((SERVICE, serving), (LAUNCHER, library.core)):
        for module in sorted(library.imported_with(starts)):
            found = library.modules[module]
            late = found.packages - library.of_answers if module.startswith(SERVICE) else set()
            for name in sorted((found.needs | late) - have - library.of_answer(module)):
                yield f"{module}.py: needs {name}, and {starts[0]} imports it, without its extra"


def idle(library: Library) -> Iterator[str]:
    imported = union(found.packages for found in library.modules.values())
    for extra, wishes in {"dependencies": library.core, **library.extras}.items():
        for name in sorted(wishes - imported - library.excused):
            yield f"pyproject.toml: nothing imports {name} of {extra}, nor says why behind it"
