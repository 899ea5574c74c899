"""All variants at once: which of them keep a file, and what it says in which.

A set of variants is an integer with one bit for each combination of answers, so that statements
about all of them are arithmetic and nothing has to be rendered twice.
"""

import importlib.util
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from math import prod
from pathlib import Path, PurePosixPath
from types import ModuleType

from jinja2 import TemplateError
from post_gen_project import Owned

from baking import files
from variants import JINJA, Answers, Template, combinations

Variants = int


class World:
    """The template below a root, seen in all its variants."""

    def __init__(self, root: Path) -> None:
        self.template = Template(root)
        self.hook = load(root / "hooks" / "post_gen_project.py")
        owners = (self.template.tree / self.hook.OWNERS).read_text(encoding="utf-8")
        self.owned: Owned = tomllib.loads(owners)
        self.kept_as: dict[str, str] = self.hook.editions(self.owned)
        self.count = prod(map(len, self.template.options.values()))
        self.all: Variants = (1 << self.count) - 1
        # The library's wheel is no text; `tests/template/test_library.py` looks into it.
        found = files(self.template.tree)
        self.paths = sorted(path for path in found if not path.endswith(".whl"))
        self.wheels = sorted(found - set(self.paths))
        self._places: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        self._pieces: dict[str, list[list[tuple[str, Variants]]]] = {}
        self._answered = answered(self.template.options)

    def where(self, answers: Answers) -> Variants:
        """The variants that have given these answers."""
        found = self.all
        for answer in answers.items():
            found &= self._answered[answer]
        return found

    def answers(self, variants: Variants) -> dict[str, str]:
        """The answers of the first of the variants; of all variants, the defaults."""
        number, found = (variants & -variants).bit_length() - 1, {}
        for question, choices in reversed(self.template.options.items()):
            number, place = divmod(number, len(choices))
            found[question] = choices[place]
        return {question: found[question] for question in self.template.options}

    def example(self, variants: Variants) -> str:
        """The answers of one of the variants, those that differ from the defaults."""
        answers, first = self.answers(variants), self.answers(self.all)
        named = [f"{name}={answers[name]}" for name in answers if answers[name] != first[name]]
        return ", ".join(named) or "the default answers"

    def owners(self, path: str) -> dict[str, Variants]:
        """The rows of the ownership table that cover a path, and the variants that keep each."""
        around = {path, *map(str, PurePosixPath(path).parents)}
        found: dict[str, Variants] = {}
        for question, rows in self.owned.items():
            for answer, paths in rows.items():
                for each in around & set(paths):
                    key = f"{question}: {each}"
                    found[key] = found.get(key, 0) | self.where({question: answer})
        return found

    @cached_property
    def kept(self) -> dict[str, Variants]:
        """For each file of the template, the variants that keep it."""
        found = {}
        for path in self.paths:
            found[path] = self.all
            for variants in self.owners(path).values():
                found[path] &= variants
        return found

    @cached_property
    def passages(self) -> dict[str, list[tuple[str, Variants]]]:
        """For each file, every text that any of its pieces becomes, and the variants that have it.

        What stands on one line is found here as in the whole files, of which there are many more.
        """
        return {
            path: [found for renderings in self._rendered(path) for found in renderings]
            for path in self.paths
        }

    @cached_property
    def editions(self) -> dict[str, dict[str, Variants]]:
        """For each file of the template, its distinct texts and the variants that have them."""
        return {path: self._editions(path) for path in self.paths}

    def texts(self, *endings: str) -> Iterator[tuple[str, str, Variants]]:
        """All that stands in files whose names end so, piece by piece; Python has no pieces."""
        for path in self.paths:
            if path.endswith(endings) and path != "poetry.lock":
                whole = self.editions[path].items() if path.endswith(".py") else self.passages[path]
                for text, variants in whole:
                    yield path, text, variants

    def _rendered(self, path: str) -> list[list[tuple[str, Variants]]]:
        """What each piece of a file becomes in the variants that keep it, and in which."""
        if path not in self._pieces:
            try:
                self._pieces[path] = [
                    self._piece(path, each) for each in self.template.pieces(path)
                ]
            except TemplateError as error:
                self.broken[path] = str(error)
                self._pieces[path] = []
        return self._pieces[path]

    def _piece(self, path: str, piece: str) -> list[tuple[str, Variants]]:
        if self.template.is_copied(path) or not JINJA.search(piece):
            return [(piece, self.kept[path])]
        options = {name: self.template.options[name] for name in self.template.read_by(piece)}
        found: dict[str, Variants] = {}
        for answers in combinations(options):
            if variants := self.where(answers) & self.kept[path]:
                text = self.template.render(piece, answers)
                found[text] = found.get(text, 0) | variants
        return list(found.items())

    def _editions(self, path: str) -> dict[str, Variants]:
        """The pieces put together, in each way in which some variant has them together."""
        found = {"": self.kept[path]} if self._rendered(path) and self.kept[path] else {}
        for renderings in self._rendered(path):
            longer: dict[str, Variants] = {}
            for start, variants in found.items():
                for text, where in renderings:
                    if both := variants & where:
                        longer[start + text] = longer.get(start + text, 0) | both
            found = longer
        return found

    def place(self, path: str) -> str:
        """Where a file of the template stands in a project."""
        if path not in self._places:
            name = self.kept_as.get(path, path)
            self._places[path] = self.template.name(name, {})
        return self._places[path]

    @cached_property
    def exists(self) -> dict[str, Variants]:
        """For each path of a project, folders too, the variants that have it."""
        found: defaultdict[str, Variants] = defaultdict(int)
        for path in self.wheels:
            for each in (path, *map(str, PurePosixPath(path).parents)):
                found[each] |= self.all
        for path in self.paths:
            place = self.place(path)
            for each in (place, *map(str, PurePosixPath(place).parents)):
                found[each] |= self.kept[path]
        return dict(found)

    @property
    def package(self) -> str:
        """The folder of the package in a project."""
        return self.template.name("src/{{cookiecutter.package_name}}", {})


def answered(options: dict[str, list[str]]) -> dict[tuple[str, str], Variants]:
    """For each answer the variants that give it, in the order of `combinations`.

    The last question changes with every variant, the one before as often as that has answers.
    """
    found: dict[tuple[str, str], Variants] = {}
    count = prod(map(len, options.values()))
    block = count
    for question, choices in options.items():
        period, block = block, block // len(choices)
        repeated = ((1 << count) - 1) // ((1 << period) - 1)  # a bit at the start of each period
        for place, choice in enumerate(choices):
            found[question, choice] = repeated * (((1 << block) - 1) << (place * block))
    return found


def load(path: Path) -> ModuleType:
    """A hook as a module, whatever else is called so."""
    spec = importlib.util.spec_from_file_location("broken_or_not", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
