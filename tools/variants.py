"""The variants that the questions make, and any file of the template rendered for one of them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cookiecutter.generate import generate_context, is_copy_only_path
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context
from jinja2 import nodes
from post_gen_project import PACKAGE_NAME

import toolbox

Answers = Mapping[str, str]
# Answers that bring gigabytes: proven like all others, but installed by `make test-all` alone.
HEAVY = {"model_library": ("pytorch", "tensorflow")}
# Answers that change nothing but where and by what a project runs; `make test-real` tries them.
DEPLOYED = {
    "deploy_target": (
        "kubernetes",
        "aws_lambda",
        "aws_sagemaker",
        "google_cloud_run",
        "google_cloud_function",
        "google_app_engine",
        "heroku",
    ),
    "orchestrator": ("airflow",),
    "data_versioning": ("dvc",),
}
JINJA = re.compile(r"\{[{%#]")
# What reaches beyond its line: a text with any of these is not taken apart.
FAR_REACHING = re.compile(r"\{[{%#]-|-[}%#]\}|\{%\+?\s*(set|macro|import|from|include|extends)\b")
MARKS = (("{%", "%}"), ("{{", "}}"), ("{#", "#}"))
BLOCK = re.compile(r"\{%\+?\s*(end)?(?:if|for|raw|filter|call|with)\b")


def questions(root: Path = toolbox.ROOT) -> dict[str, Any]:
    """What cookiecutter.json says, private variables included."""
    answers: dict[str, Any] = json.loads((root / "cookiecutter.json").read_text(encoding="utf-8"))
    return answers


def options(root: Path = toolbox.ROOT) -> dict[str, list[str]]:
    """The questions with choices, in their order; each combination of answers is a variant."""
    asked = {name: answer for name, answer in questions(root).items() if name[0] != "_"}
    return {name: answer for name, answer in asked.items() if isinstance(answer, list)}


def light_options(root: Path = toolbox.ROOT) -> dict[str, list[str]]:
    """The questions with choices, without the answers that `make test` does not install."""
    left_out = {**HEAVY, **DEPLOYED}
    return {
        name: [answer for answer in answers if answer not in left_out.get(name, ())]
        for name, answers in options(root).items()
    }


def combinations(choices: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    for answers in product(*choices.values()):
        yield dict(zip(choices, answers, strict=True))


def pieces(text: str) -> list[str]:
    """A text with Jinja, taken apart at the ends of those lines where no block is open.

    Each piece can be rendered by itself, and what they come to, put together, is the whole: so a
    file that reads many options has few renderings of each piece, where it has many as a whole.
    """
    if not JINJA.search(text) or FAR_REACHING.search(text):
        return [text]
    found, piece, depth, was_plain = [""], "", 0, True
    for line in text.splitlines(keepends=True):
        piece += line
        depth += sum(-1 if match[1] else 1 for match in BLOCK.finditer(line))
        if depth or any(piece.count(begin) > piece.count(end) for begin, end in MARKS):
            continue
        is_plain = not JINJA.search(piece)
        if is_plain and was_plain:
            found[-1] += piece
        else:
            found.append(piece)
        piece, was_plain = "", is_plain
    return [each for each in [*found, piece] if each]


@cache
def cookiecutter_answers(config: str, decisive: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """What Cookiecutter makes of the text of a cookiecutter.json and of some answers."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "cookiecutter.json"
        file.write_text(config, encoding="utf-8")
        asked = generate_context(str(file), None, dict(decisive))["cookiecutter"]
    return dict(prompt_for_config({"cookiecutter": asked}, True))


class Template:
    """Renders single files as Cookiecutter does; several roots, so that a copy can be broken."""

    def __init__(self, root: Path = toolbox.ROOT) -> None:
        self.root = root
        self.tree = root / toolbox.TEMPLATE.name
        self.questions = questions(root)
        self.options = options(root)
        self._read: dict[str, set[str]] = {}
        self._config = (root / "cookiecutter.json").read_text(encoding="utf-8")
        self._compiled: dict[str, Any] = {}

    def context(self, answers: Answers) -> dict[str, Any]:
        """What Cookiecutter hands to Jinja for these answers, the rest being defaults.

        Cookiecutter itself is asked once for each combination of those options from which other
        values are derived; all other answers stand as they are.
        """
        decisive = tuple((name, answers[name]) for name in self._decisive if name in answers)
        return {"cookiecutter": {**cookiecutter_answers(self._config, decisive), **answers}}

    def pieces(self, path: str) -> list[str]:
        """A file of the template's tree in pieces; one, named by the hook, if it is copied."""
        raw = (self.tree / path).read_text(encoding="utf-8")
        return [self._named(raw)] if self.is_copied(path) else pieces(raw)

    def text(self, path: str, answers: Answers) -> str:
        """A file of the template's tree as a variant gets it: rendered, or named by the hook."""
        raw = (self.tree / path).read_text(encoding="utf-8")
        return self._named(raw) if self.is_copied(path) else self.render(raw, answers)

    def _named(self, text: str) -> str:
        """A copied file with the name that the hook writes into the tests, which is no option."""
        return text.replace(PACKAGE_NAME, self.context({})["cookiecutter"]["package_name"])

    def render(self, text: str, answers: Answers) -> str:
        if not JINJA.search(text):
            return text
        if text not in self._compiled:
            self._compiled[text] = self.environment.from_string(text)
        return str(self._compiled[text].render(**self.context(answers)))

    def is_copied(self, path: str) -> bool:
        """Whether Cookiecutter leaves a file's content as it stands."""
        return bool(is_copy_only_path(path, self.context({})))

    def reads(self, path: str) -> tuple[str, ...]:
        """The options on which a file's name and content depend, from their syntax trees."""
        content = "" if self.is_copied(path) else (self.tree / path).read_text(encoding="utf-8")
        return self.read_by(path, content)

    def read_by(self, *texts: str) -> tuple[str, ...]:
        """The options on which texts with Jinja depend."""
        origins = self._origins(set().union(*map(self._variables, texts)))
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
    def _decisive(self) -> tuple[str, ...]:
        """The options from which other answers are derived."""
        derived = {name for name, answer in self.questions.items() if isinstance(answer, str)}
        return tuple(name for name in self.options if name in self._origins(derived))

    @cached_property
    def environment(self) -> Any:
        return create_env_with_context({"cookiecutter": self.questions})


@cache
def template() -> Template:
    return Template()
