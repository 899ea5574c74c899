"""The shell that a project holds: scripts, what workflows run, the recipes of its Makefile."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml
from world import World

# A recipe is handed to the shell line by line; each is judged with its variables filled in.
RECIPE = re.compile(r"^\t[@+-]*((?:.*\\\n)*.+)$", re.MULTILINE)
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
RUN = re.compile(r"^RUN (?:--\S+ (?:\\\n\s*)?)*((?:.*\\\n)*.+)$", re.MULTILINE)


def scripts(path: str, text: str) -> Iterator[str]:
    """The scripts in a file, each as a whole with the shell that runs it."""
    name = PurePosixPath(path).name
    if name.endswith(".sh") or text.startswith(("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash")):
        yield text
    elif ".github/workflows/" in path:
        for job in yaml.safe_load(text)["jobs"].values():
            for step in job.get("steps", []):
                if "run" in step:
                    yield "#!/bin/bash -e\n" + EXPRESSION.sub("value", step["run"]).strip() + "\n"
    elif name == "Makefile":
        for recipe in RECIPE.findall(text):
            yield "#!/bin/sh\n" + filled_in(recipe) + "\n"
    elif name == "Dockerfile":
        for command in RUN.findall(text):
            yield "#!/bin/sh\n" + command + "\n"


def filled_in(recipe: str) -> str:
    """A recipe as the shell sees it: make's variables have values, `$$` is one dollar."""
    return re.sub(r"\$\(\w+\)|\$[@<^]", "value", recipe).replace("$$", "$")


def write(world: World, directory: Path) -> list[Path]:
    """Each script that any variant has, in a file of its own, named after where it stands."""
    found = {
        (path, script)
        for path in world.paths
        for text in world.editions[path]
        for script in scripts(world.place(path), text)
    }
    names = []
    for number, (path, script) in enumerate(sorted(found)):
        names.append(directory / f"{number:04}_{re.sub(r'[^A-Za-z]+', '_', path).strip('_')}.sh")
        names[-1].write_text(script, encoding="utf-8")
    return names
