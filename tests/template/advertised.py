"""The commands that a rendered project advertises, read from the template's own pages."""

import re

import toolbox
from variants import template

COMMAND = r"(?:[A-Z_]+=\S+ )?(?:make|poetry) [^`#\n]+"


def commands() -> list[str]:
    """What the pages and `make help` tell people to type, each once, in the order of the pages."""
    pages = [
        "README.md",
        *sorted(f"docs/{each.name}" for each in toolbox.TEMPLATE.glob("docs/*.md")),
    ]
    text = "\n".join(template().text(page, {}) for page in pages)
    makefile = template().text("Makefile", {})
    fences = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    in_fences = [match for block in fences for match in re.findall(COMMAND, block)]
    in_text = re.findall(rf"`({COMMAND})`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    targets = [f"make {name}" for name in re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)]
    found = dict.fromkeys(command.strip() for command in [*in_text, *in_fences, *targets])
    return sorted(found, key=rank)


# What a command needs must have run before it; what nobody mentions here keeps its place.
ORDER = (
    "install",
    "lock",
    "help",
    "loop replay",
    "make loop",
    "ingest",
    "train",
    " fit",
    "evaluate",
    "register",
    "serve",
    "log export",
    "score",
    "replay FILE",
    "label",
    "monitor",
    "status",
    "history",
    "reject",
    "challenge",
    "promote",
    "confirm",
    "rollback",
)


def rank(command: str) -> int:
    if command == "make clean":
        return len(ORDER) + 1
    return next((place for place, word in enumerate(ORDER) if word in command), len(ORDER))
