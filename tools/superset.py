"""The pyproject.toml of all options at once: one dependency group for each answer that adds some.

Nothing here is listed by hand. The template's own pyproject.toml is rendered for every answer; a
requirement that all renderings share stays in its group, and one that comes with an answer goes to
a group of that answer. `hooks/post_gen_project.py` knows the names of these groups, and selects.

The library is replaced by what the extras that a group asks for require. So its wheel can change
without the lock being resolved anew, which takes Poetry minutes.
"""

import json
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from post_gen_project import content_hash, group_of_answer

from variants import HEAVY, Answers, Template

LIBRARY = "mlops-loop"
# Requirements as PEP 508 writes them; one for each extra of the library.
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
    """The requirements of a rendered pyproject.toml; the main dependencies are the group main."""
    poetry = tomllib.loads(text)["tool"]["poetry"]
    tables = {"main": poetry["dependencies"]}
    tables |= {name: group["dependencies"] for name, group in poetry["group"].items()}
    return {name: set(pep_508(table)) for name, table in tables.items()}


def pep_508(table: dict[str, Any]) -> Iterator[str]:
    """Poetry's table of dependencies as requirements."""
    for name, asked in table.items():
        if name == LIBRARY:
            yield from (f"{name}[{extra}]" for extra in asked["extras"])
        else:
            yield f"{name}{asked}"


def by_answer(template: Template) -> tuple[Groups, dict[tuple[str, str], Groups]]:
    """The requirements of every variant, and those that an answer adds."""

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
    """The requirements that the others do not have; groups that have none are left out."""
    rest = {name: wishes - others.get(name, set()) for name, wishes in groups.items()}
    return {name: wishes for name, wishes in rest.items() if wishes}


def predicted(template: Template) -> Callable[[Answers], Groups]:
    """The requirements of a variant if answers only ever add; tests compare all variants."""
    common, added = by_answer(template)

    def asked(answers: Answers) -> Groups:
        found = {group: set(wishes) for group, wishes in common.items()}
        for key in answers.items():
            for group, wishes in added.get(key, {}).items():
                found.setdefault(group, set()).update(wishes)
        return {group: wishes for group, wishes in found.items() if wishes}

    return asked


def all_groups(template: Template) -> Groups:
    """The groups of the lock of all options."""
    common, added = by_answer(template)
    groups = dict(common)
    for (question, answer), wishes_of in sorted(added.items()):
        for group, wishes in sorted(wishes_of.items()):
            groups[group_of_answer(group, question, answer)] = wishes
    return groups


def heavy_groups(template: Template) -> set[str]:
    """The groups of answers that bring gigabytes."""
    _, added = by_answer(template)
    return {
        group_of_answer(group, question, answer)
        for (question, answer), groups in added.items()
        if answer in HEAVY.get(question, ())
        for group in groups
    }


def groups_of_library(template: Template) -> list[str]:
    """The groups that ask for the library, main first."""
    named = [
        group
        for group, wishes in all_groups(template).items()
        if any(wish.startswith(LIBRARY) for wish in wishes)
    ]
    return sorted(named, key=lambda group: (group != "main", group))


def superset(template: Template) -> str:
    """The text of the pyproject.toml whose lock, with the library added, holds every variant's."""
    library = tomllib.loads((template.root / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {name: expanded(wishes, library) for name, wishes in all_groups(template).items()}
    default = tomllib.loads(template.text("pyproject.toml", {}))
    head = HEAD.format(
        requires_python=default["project"]["requires-python"], main=literal(groups.pop("main"))
    )
    return head + "".join(f"{name} = {literal(groups[name])}\n" for name in groups) + TAIL


def expanded(wishes: set[str], library: dict[str, Any]) -> set[str]:
    """Requirements with those of the library in its place."""
    found = set()
    for wish in wishes:
        if not wish.startswith(f"{LIBRARY}["):
            found.add(wish)
            continue
        extra = wish.removeprefix(f"{LIBRARY}[").rstrip("]")
        found.update(library["dependencies"], library["optional-dependencies"].get(extra, []))
    return found


def superset_hash(template: Template) -> str:
    """The digest that the lock of all options has to name."""
    return content_hash(tomllib.loads(superset(template)))


def literal(wishes: set[str]) -> str:
    """A TOML array of strings, one a line, in the order of the alphabet."""
    return "[\n" + "".join(f"    {json.dumps(wish)},\n" for wish in sorted(wishes)) + "]"
