"""The pyproject.toml of all options at once: one dependency group for each answer that adds some.

Nothing here is listed by hand. The template's own pyproject.toml is rendered for every answer; a
requirement that all renderings share stays in its group, and one that comes with an answer goes to
a group of that answer. `hooks/post_gen_project.py` knows the names of these groups, and selects.
"""

import json
import tomllib
from collections.abc import Callable

from post_gen_project import group_of_answer

from variants import Answers, Template

Groups = dict[str, set[str]]
HEAD = """[project]
name = "superset"
version = "0"
requires-python = "{requires_python}"
dependencies = {main}

[dependency-groups]
"""
TAIL = """
[tool.poetry]
package-mode = false
"""


def requirements(text: str) -> Groups:
    """What a pyproject.toml asks for, by group; the main dependencies are the group main."""
    pyproject = tomllib.loads(text)
    groups = {"main": pyproject["project"]["dependencies"], **pyproject["dependency-groups"]}
    return {group: set(wishes) for group, wishes in groups.items()}


def by_answer(template: Template) -> tuple[Groups, dict[tuple[str, str], Groups]]:
    """What every variant asks for, and what an answer adds to it."""

    def asked(answers: Answers) -> Groups:
        return requirements(template.text("pyproject.toml", answers))

    renderings = {
        question: {answer: asked({question: answer}) for answer in answers}
        for question, answers in template.options.items()
    }
    common = shared([found for answers in renderings.values() for found in answers.values()])
    added = {
        (question, answer): without(found, shared(list(answers.values())))
        for question, answers in renderings.items()
        for answer, found in answers.items()
    }
    return common, {key: groups for key, groups in added.items() if groups}


def shared(renderings: list[Groups]) -> Groups:
    names = {name for groups in renderings for name in groups}
    return {
        name: set.intersection(*(groups.get(name, set()) for groups in renderings))
        for name in sorted(names)
    }


def without(groups: Groups, others: Groups) -> Groups:
    """The requirements that the others lack; groups that have none are left out."""
    rest = {name: wishes - others.get(name, set()) for name, wishes in groups.items()}
    return {name: wishes for name, wishes in rest.items() if wishes}


def predicted(template: Template) -> Callable[[Answers], Groups]:
    """What a variant asks for if answers only ever add; the tests compare it with all variants."""
    common, added = by_answer(template)

    def asked(answers: Answers) -> Groups:
        found = {group: set(wishes) for group, wishes in common.items()}
        for key in answers.items():
            for group, wishes in added.get(key, {}).items():
                found.setdefault(group, set()).update(wishes)
        return {group: wishes for group, wishes in found.items() if wishes}

    return asked


def superset(template: Template) -> str:
    """The text of the pyproject.toml whose lock holds every variant's."""
    common, added = by_answer(template)
    groups: dict[str, set[str]] = {group: common[group] for group in common if group != "main"}
    for (question, answer), wishes_of in sorted(added.items()):
        for group, wishes in sorted(wishes_of.items()):
            groups[group_of_answer(group, question, answer)] = wishes
    default = tomllib.loads(template.text("pyproject.toml", {}))
    head = HEAD.format(
        requires_python=default["project"]["requires-python"], main=literal(common["main"])
    )
    return head + "".join(f"{name} = {literal(groups[name])}\n" for name in groups) + TAIL


def literal(wishes: set[str]) -> str:
    """A TOML array of strings, one a line, in the order of the alphabet."""
    return "[\n" + "".join(f"    {json.dumps(wish)},\n" for wish in sorted(wishes)) + "]"
