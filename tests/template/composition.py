"""Whether the files that a variant keeps fit together: for all variants, by arithmetic on sets.

Each function returns complaints: the template's file first, then what is wrong, and where.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePosixPath

import dependencies
import links
import references
from references import python
from world import Variants, World

from superset import superset_hash

# Written by running the project, and committed.
KEPT = {"dvc.lock"}
# Read by their names alone, by the files named here.
CONVENTIONS = {
    r"README\.md|LICENSE|\.env\.example": "people",
    r"pyproject\.toml|poetry\.(lock|toml)": "Poetry",
    r"Makefile": "make",
    r"\.gitignore": "git",
    r"Dockerfile|\.dockerignore|compose\.yaml": "Docker",
    r"deploy/docker/grafana/\w+\.(json|yml)": "Grafana",
    r"deploy/kubernetes/(.*/)?kustomization\.yaml": "kustomize",
    r"deploy/\w+/README\.md": "people",
    r"deploy/\w+/\w+\.(tf|tfvars)": "Terraform",
    r"deploy/google_app_engine/(app\.yaml|\.gcloudignore)": "gcloud",
    r"dags/(\w+\.py|requirements\.txt)": "Airflow",
    r"deploy/heroku/(Procfile|\.python-version)": "Heroku",
    r"deploy/\w+/\w+\.py": "the runtime of the target",
    r"dvc\.yaml|\.dvcignore|\.dvc/(config|\.gitignore)": "DVC",
    r"\.flake8": "flake8",
    r"\.pre-commit-config\.yaml": "pre-commit",
    r"\.github/workflows/\w+\.yml": "GitHub",
    r"src/\w+/cli\.py": "the command's entry point",
    r"tests/(.*/)?(test_\w+|conftest)\.py": "pytest",
    r"src/\w+/(.*/)?(__init__|__main__)\.py|src/\w+/py\.typed": "Python",
}
TEXT = (
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".py",
    ".example",
    ".flake8",
    "Makefile",
    "Dockerfile",
    "ignore",
)


def complaints(world: World) -> list[str]:
    checks = (
        owners,
        answers,
        imports,
        imports_of_library,
        dependencies.complaints,
        lock,
        paths,
        links.complaints,
        targets,
        orphans,
    )
    return [found for check in checks for found in check(world)]


def owners(world: World) -> Iterator[str]:
    """A path has one question for its owner, and each name in the project one file."""
    for question, rows in world.owned.items():
        if set(rows) != set(world.template.options.get(question, [])):
            yield f"OWNERS.toml: {question} is not owned answer by answer"
        for path in sorted({path for paths in rows.values() for path in paths}):
            if not (world.template.tree / path).exists():
                yield f"{path}: owned by {question}, and not in the template"
    places: dict[str, tuple[str, Variants]] = {}
    for path in world.paths:
        if len(world.owners(path)) > 1:
            yield f"{path}: has two owners: {' and '.join(sorted(world.owners(path)))}"
        other, taken = places.get(world.place(path), ("", 0))
        if both := taken & world.kept[path]:
            yield f"{path}: kept beside {other} under one name ({world.example(both)})"
        if not world.kept[path]:
            yield f"{path}: kept by no variant"
        places[world.place(path)] = (other or path, taken | world.kept[path])


def answers(world: World) -> Iterator[str]:
    """Every answer makes a difference to some file."""
    for question, choices in world.template.options.items():
        seen: dict[frozenset[tuple[str, str]], str] = {}
        for choice in choices:
            others = {name: each[0] for name, each in world.template.options.items()}
            bit = world.where({**others, question: choice})
            project = frozenset(
                (world.place(path), text)
                for path in world.paths
                for text, variants in world.passages[path]
                if variants & bit
            )
            if project in seen:
                yield f"cookiecutter.json: {question}={choice} changes nothing in any file"
            seen[project] = choice


def imports(world: World) -> Iterator[str]:
    """What is imported from inside the project is kept."""
    for path, found, variants in python(world):
        for alternatives in sorted(found.modules):
            have = 0
            for module in alternatives:
                have |= world.exists.get(f"{module}.py", 0)
                have |= world.exists.get(f"{module}/__init__.py", 0)
            exact = world.exists.get(f"{alternatives[0]}.py")
            if lacking := variants & ~(have if exact is None else exact):
                name = alternatives[-1 if exact is None else 0]
                yield f"{path}: imports {name}, not there with {world.example(lacking)}"


def imports_of_library(world: World) -> Iterator[str]:
    """What is imported of the library is there."""
    source = world.template.root / "src"
    for path, text, variants in world.texts(".py"):
        for module, name in sorted(references.of_library(text)):
            place = source.joinpath(*module.split("."))
            file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            inside = (place / name, place / f"{name}.py") if name else ()
            if not file.is_file():
                yield f"{path}: imports {module}, which the library has not"
            elif name and not any(each.exists() for each in inside):
                if name not in references.defined(file.read_text(encoding="utf-8")):
                    yield f"{path}: imports {name} of {module}, which has not got it"


def lock(world: World) -> Iterator[str]:
    """The lock of all options was made from what all options ask for."""
    text = (world.template.tree / "poetry.lock").read_text(encoding="utf-8")
    if f'content-hash = "{superset_hash(world.template)}"' not in text:
        yield "poetry.lock: is not that of all options: run `make lock ARGS=--keep`"
    for path in world.wheels:
        digest = sha256((world.template.tree / path).read_bytes()).hexdigest()
        if f'hash = "sha256:{digest}"' not in text or f'url = "{path}"' not in text:
            yield f"poetry.lock: does not name {path} with its hash: run `make wheel`"


def made(world: World) -> str:
    """A pattern of the paths that running the project makes: what .gitignore names, and KEPT."""
    lines = {line for _, text, _ in world.texts(".gitignore") for line in text.splitlines()}
    names = {line.strip("/") for line in lines if line and line[0] not in "#*" and "*" not in line}
    names |= KEPT
    return rf"({'|'.join(map(re.escape, sorted(names)))})(/.*)?"


def paths(world: World) -> Iterator[str]:
    """What a file names as a path of the project is kept."""
    roots = {place.partition("/")[0] for place in world.exists} - {"."}
    folders = {root for root in roots if any(each.startswith(f"{root}/") for each in world.exists)}
    ignored = re.compile(made(world))
    for path, text, variants in world.texts(*TEXT):
        named = {
            each
            for each in references.mentioned_paths(text)
            if (each.partition("/")[0] in folders and "/" in each) or each in roots - folders
        }
        if path.endswith(".md"):
            named |= references.quoted_paths(text)
        for each in sorted(named):
            if path.endswith(".gitignore") or ignored.fullmatch(each):
                continue
            # A page may call a module of the package by its file's name.
            there = world.exists.get(each, 0) | world.exists.get(f"{world.package}/{each}", 0)
            if lacking := variants & ~there:
                yield f"{path}: names {each}, not there with {world.example(lacking)}"


def targets(world: World) -> Iterator[str]:
    """What pages and workflows ask make for is a target of the Makefile."""
    have: dict[str, Variants] = {}
    for _, text, variants in world.texts("Makefile"):
        for target in re.findall(r"^([a-z]+):", text, re.MULTILINE):
            have[target] = have.get(target, 0) | variants
    for path, text, variants in world.texts(".md", ".yml", ".yaml"):
        for target in sorted(references.targets(text)):
            if lacking := variants & ~have.get(target, 0):
                yield f"{path}: asks for make {target}, not there with {world.example(lacking)}"


def orphans(world: World) -> Iterator[str]:
    """Every file is read by a tool, or a file that is kept with it imports or names it."""
    reached = reaching(world)
    for path in world.paths:
        place = world.place(path)
        if any(re.fullmatch(pattern, place) for pattern in CONVENTIONS):
            continue
        stem = place.removesuffix(".py")
        found = (
            reached.get(stem, 0) | reached.get(place, 0) | reached.get(PurePosixPath(place).name, 0)
        )
        if lonely := world.kept[path] & ~found:
            yield f"{path}: nobody owns or uses it with {world.example(lonely)}"


def reaching(world: World) -> dict[str, Variants]:
    """Modules, paths and file names, and the variants in which another file refers to them."""
    reached: dict[str, Variants] = {}
    families: dict[str, set[str]] = {}
    configured: dict[str, Variants] = {}

    def reach(name: str, variants: Variants) -> None:
        reached[name] = reached.get(name, 0) | variants

    for path, found, variants in python(world):
        own = world.place(path).removesuffix(".py")
        for module in {module for each in found.modules for module in each} - {own}:
            reach(module, variants)
        for word in found.words:
            reach(word if "." in word else f"{PurePosixPath(own).parent}/{word}", variants)
        for family in found.families:
            families.setdefault(family, set()).update(found.words)
    for path, text, variants in world.texts(*TEXT):
        if path.startswith("config/"):
            for word in re.findall(r"\w+", re.sub(r"#.*", "", text)):
                configured[word] = configured.get(word, 0) | variants
        for name in references.mentioned_paths(text) if not path.endswith(".py") else ():
            reach(name, variants)
    for family in families:
        for word, variants in configured.items():
            reach(f"{family}/{word}", variants)
    return reached
