"""Files and modules that docstrings and comments of the library mention exist."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_loop._settings import Settings

from .places import REPOSITORY

LIBRARY = REPOSITORY / "src" / "mlops_loop"
PROJECT = REPOSITORY / "{{cookiecutter.project_slug}}"
FILE = re.compile(r"(?<![\w*/.])[\w/]+\.py\b")
NAME = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)`")
# Files that a rendered project has under these names, from one variant or another.
EDITIONS = re.compile(r"_(fastapi|flask|catboost|lightgbm|pytorch|scikit_learn|tensorflow|xgboost)")


def prose(file: Path) -> Iterator[str]:
    """The comments and docstrings of a module."""
    source = file.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented):
            yield ast.get_docstring(node) or ""


def paths(folder: Path) -> set[str]:
    return {f"/{file.relative_to(folder).as_posix()}" for file in folder.rglob("*.py")}


KNOWN_FILES = paths(LIBRARY) | {EDITIONS.sub("", path) for path in paths(PROJECT)}
MODULES = {path.removesuffix(".py").replace("/", ".") for path in paths(LIBRARY)}


def settings(model: Any, prefix: str = "") -> Iterator[str]:
    """The keys of the settings, those of nested sections too, e.g. `training.tuning.trials`."""
    for key, field in getattr(model, "model_fields", {}).items():
        yield f"{prefix}{key}"
        yield from settings(field.annotation, f"{prefix}{key}.")


SETTINGS = set(settings(Settings))


def unknown_files(text: str) -> list[str]:
    """Mentioned files, by the end of their path, that neither library nor project has."""
    known = tuple(KNOWN_FILES)
    return [file for file in FILE.findall(text) if not any(k.endswith(f"/{file}") for k in known)]


def unknown_modules(text: str) -> list[str]:
    """Mentioned names, e.g. `contract.columns`, of modules that are called `contract._columns`."""
    public: dict[str, set[str]] = {}
    for module in MODULES:
        public.setdefault(module.replace("._", "."), set()).add(module)
    return [
        name
        for name in NAME.findall(text)
        if name not in SETTINGS
        for module in (f".{name}", f".{name.rpartition('.')[0]}")
        if module.count(".") > 1 and module in public and module not in public[module]
    ]


@pytest.mark.parametrize(
    "file", sorted(LIBRARY.rglob("*.py")), ids=lambda file: file.relative_to(LIBRARY).as_posix()
)
def test_what_is_mentioned_exists(file: Path) -> None:
    text = "\n".join(prose(file))
    assert unknown_files(text) + unknown_modules(text) == []


def test_mentions_of_what_does_not_exist_are_found() -> None:
    assert unknown_files("see redis_keys.py and _redis_keys.py, in `features.py`") == [
        "redis_keys.py"
    ]
    assert unknown_modules("`contract.columns`, `contract._columns`, `data.split.halved`") == [
        "contract.columns",
        "data.split.halved",
    ]
    assert unknown_modules("`monitoring.reference`") == []
