"""The variants that the questions make, and any file of the template rendered for one of them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

from cookiecutter.generate import generate_context, is_copy_only_path
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from jinja2 import nodes

import toolbox

Answers = Mapping[str, str]
# Answers that bring gigabytes: proven like all others, but installed by `make test-all` alone.
HEAVY = {"model_library": ("pytorch", "tensorflow")}
JINJA = re.compile(r"\{[{%#]")


def questions(root: Path = toolbox.ROOT) -> dict[str, Any]:
    """What cookiecutter.json says, private variables included."""
    answers: dict[str, Any] = json.loads((root / "cookiecutter.json").read_text(encoding="utf-8"))
    return answers


def options(root: Path = toolbox.ROOT) -> dict[str, list[str]]:
    """The questions with choices, in their order; each combination of answers is a variant."""
    asked = {name: answer for name, answer in questions(root).items() if name[0] != "_"}
    return {name: answer for name, answer in asked.items() if isinstance(answer, list)}


def light_options(root: Path = toolbox.ROOT) -> dict[str, list[str]]:
    """The questions with choices, without the answers that take long to install."""
    return {
        name: [answer for answer in answers if answer not in HEAVY.get(name, ())]
        for name, answers in options(root).items()
    }


def combinations(choices: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    for answers in product(*choices.values()):
        yield dict(zip(choices, answers, strict=True))


class Template:
    """Renders single files as Cookiecutter does; several roots, so that a copy can be broken."""

    def __init__(self, root: Path = toolbox.ROOT) -> None:
        self.root = root
        self.tree = root / toolbox.TEMPLATE.name
        self.questions = questions(root)
        self.options = options(root)
        self._read: dict[str, set[str]] = {}

    def context(self, answers: Answers) -> dict[str, Any]:
        """What Cookiecutter hands to Jinja for these answers, the rest being defaults."""
        config = self.root / "cookiecutter.json"
        return _context(config, config.read_bytes(), tuple(sorted(answers.items())))

    def text(self, path: str, answers: Answers) -> str:
        """A file of the template's tree as a variant gets it; without its Jinja if it is copied."""
        raw = (self.tree / path).read_text(encoding="utf-8")
        return raw if self.is_copied(path) else self.render(raw, answers)

    def render(self, text: str, answers: Answers) -> str:
        if not JINJA.search(text):
            return text
        return str(self.environment.from_string(text).render(**self.context(answers)))

    def is_copied(self, path: str) -> bool:
        """Whether Cookiecutter leaves a file's content as it stands."""
        return bool(is_copy_only_path(path, self.context({})))

    def reads(self, path: str) -> tuple[str, ...]:
        """The options on which a file's name and content depend, from their syntax trees."""
        found = self._variables(path)
        if not self.is_copied(path):
            found |= self._variables((self.tree / path).read_text(encoding="utf-8"))
        origins = self._origins(found)
        return tuple(option for option in self.options if option in origins)

    def _variables(self, text: str) -> set[str]:
        """The attributes of `cookiecutter` that a text reads; all of them if it takes it whole."""
        if text not in self._read:
            self._read[text] = self._parsed(text) if JINJA.search(text) else set()
        return self._read[text]

    def _parsed(self, text: str) -> set[str]:
        tree = self.environment.parse(text)
        uses = [name for name in tree.find_all(nodes.Name) if name.name == "cookiecutter"]
        read = [node.attr for node in tree.find_all(nodes.Getattr) if node.node in uses]
        return set(read) if len(read) == len(uses) else set(self.questions)

    def _origins(self, names: set[str]) -> set[str]:
        """The variables, and those that they are made from."""
        known: set[str] = set()
        while names - known:
            known |= names
            texts = [self.questions[name] for name in names if name in self.questions]
            names = names.union(*(self._variables(text) for text in texts if isinstance(text, str)))
        return known

    def name(self, path: str, answers: Answers) -> str:
        """What a file of the template's tree is called in a variant."""
        return self.render(path, answers)

    @cached_property
    def environment(self) -> Any:
        return create_env_with_context(self.context({}))


@cache
def _context(config: Path, content: bytes, answers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Cookiecutter's own answers; the content is there to notice a change of the file."""
    asked = generate_context(str(config), None, dict(answers))
    return {"cookiecutter": prompt_for_config({"cookiecutter": asked["cookiecutter"]}, True)}


@cache
def template() -> Template:
    return Template()
