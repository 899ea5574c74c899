"""The variants that the questions make, and any file of the template rendered for one of them."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from cookiecutter.generate import generate_context, is_copy_only_path
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context

import toolbox

Answers = Mapping[str, str]


def questions(root: Path = toolbox.ROOT) -> dict[str, Any]:
    """What cookiecutter.json says, private variables included."""
    answers: dict[str, Any] = json.loads((root / "cookiecutter.json").read_text(encoding="utf-8"))
    return answers


def options(root: Path = toolbox.ROOT) -> dict[str, list[str]]:
    """The questions with choices, in their order; each combination of answers is a variant."""
    asked = {name: answer for name, answer in questions(root).items() if name[0] != "_"}
    return {name: answer for name, answer in asked.items() if isinstance(answer, list)}


def combinations(choices: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    for answers in product(*choices.values()):
        yield dict(zip(choices, answers, strict=True))


class Template:
    """Renders single files as Cookiecutter does; several roots, so that a copy can be broken."""

    def __init__(self, root: Path = toolbox.ROOT) -> None:
        self.root = root
        self.tree = root / toolbox.TEMPLATE.name
        self.options = options(root)
        self._contexts: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    def context(self, answers: Answers) -> dict[str, Any]:
        """What Cookiecutter hands to Jinja for these answers, the rest being defaults."""
        key = tuple(sorted(answers.items()))
        if key not in self._contexts:
            asked = generate_context(str(self.root / "cookiecutter.json"), None, dict(answers))
            filled = {
                "cookiecutter": prompt_for_config({"cookiecutter": asked["cookiecutter"]}, True)
            }
            self._contexts[key] = filled
        return self._contexts[key]

    def text(self, path: str, answers: Answers) -> str:
        """A file of the template's tree as a variant gets it; without its Jinja if it is copied."""
        raw = (self.tree / path).read_text(encoding="utf-8")
        return raw if self.is_copied(path) else self.render(raw, answers)

    def render(self, text: str, answers: Answers) -> str:
        return str(self.environment.from_string(text).render(**self.context(answers)))

    def is_copied(self, path: str) -> bool:
        """Whether Cookiecutter leaves a file's content as it stands."""
        return bool(is_copy_only_path(path, self.context({})))

    def name(self, path: str, answers: Answers) -> str:
        """What a file of the template's tree is called in a variant."""
        return self.render(path, answers)

    @property
    def environment(self) -> Any:
        return create_env_with_context(self.context({}))


@cache
def template() -> Template:
    return Template()
