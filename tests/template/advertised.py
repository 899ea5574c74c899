"""The commands that a project advertises: in its README, its Makefile and the documentation."""

import re

import toolbox
from variants import template

PAGES = toolbox.ROOT / "src" / "mlops_loop" / "docs"
COMMAND = r"(?:[A-Z_]+=\S+ )?(?:make|poetry) [^`#\n]+"


def commands() -> list[str]:
    """What they tell people to type in the default project, each once, in the order of the pages.

    The pages hold for every project: a target that only another answer brings is left out.
    """
    pages = sorted(PAGES.glob("*.md"))
    texts = [template().text("README.md", {}), *(page.read_text("utf-8") for page in pages)]
    text, makefile = "\n".join(texts), template().text("Makefile", {})
    fences = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    in_fences = [match for block in fences for match in re.findall(COMMAND, block)]
    in_text = re.findall(rf"`({COMMAND})`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    targets = re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)
    named = [*in_text, *in_fences, *(f"make {target}" for target in targets)]
    found = dict.fromkeys(command.strip() for command in named)
    own = [one for one in found if not one.startswith("make ") or one.split()[1] in targets]
    return sorted(own, key=rank)


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
