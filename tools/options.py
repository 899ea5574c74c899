"""Write docs/options.md, the reference of the template's questions, from cookiecutter.json."""

import argparse
import json
import re
import sys
from typing import Any

import toolbox

PAGE = toolbox.ROOT / "docs" / "options.md"
HEAD = """# Questions

What `cookiecutter` asks, in this order; pressing Enter all the way is a good answer. This page is
made from `cookiecutter.json` by `tools/options.py`.

"""
ROW = "| `{name}` | {label} | {default} |"


def questions() -> dict[str, Any]:
    """The questions that a user sees, with their defaults or choices."""
    answers = json.loads((toolbox.ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    return {name: answer for name, answer in answers.items() if not name.startswith("_")}


def labels() -> dict[str, Any]:
    answers = json.loads((toolbox.ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    prompts: dict[str, Any] = answers["__prompts__"]
    return prompts


def row(name: str, answer: Any, label: Any) -> str:
    """One line of the table."""
    title = label["__prompt__"] if isinstance(label, dict) else label
    if isinstance(answer, list):
        default = ", ".join([f"**`{answer[0]}`**", *(f"`{choice}`" for choice in answer[1:])])
    elif used := re.findall(r"cookiecutter\.(\w+)", answer):
        default = f"made from `{used[0]}`"
    else:
        default = f"`{answer}`"
    return ROW.format(name=name, label=title, default=default)


def explained(name: str, label: Any) -> list[str]:
    """What each choice means, where the prompts say more than its name."""
    if not isinstance(label, dict):
        return []
    choices = [text for choice, text in label.items() if choice != "__prompt__"]
    return [f"\n## {name}\n", *(f"- {text}" for text in choices)]


def page() -> str:
    prompts = labels()
    asked = questions()
    table = [
        "| question | what it means | default, and the other choices |",
        "| --- | --- | --- |",
        *(row(name, answer, prompts[name]) for name, answer in asked.items()),
    ]
    more = [line for name in asked for line in explained(name, prompts[name])]
    return HEAD + "\n".join([*table, *more]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    if parser.parse_args().check:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
        print("docs/options.md is up to date." if current else "docs/options.md is out of date.")
        return 0 if current else 3
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
