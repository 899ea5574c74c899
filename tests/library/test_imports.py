"""The packages of the library depend on each other in one direction."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from .places import REPOSITORY

LIBRARY = REPOSITORY / "src" / "mlops_loop"
# They open what they name on first use, so that their functions import what imports them.
OPENERS = {"_project", "_references"}


def executed(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """The relative imports below a node, without those for annotations only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.level:
            yield child
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from executed(child)


def imported(path: Path) -> Iterator[str]:
    """The packages and modules directly below `mlops_loop` that a file imports."""
    for node in executed(ast.parse(path.read_text(encoding="utf-8"))):
        base = path.relative_to(LIBRARY).parts[: -node.level]
        names = node.module.split(".") if node.module else [name.name for name in node.names]
        yield from [base[0]] if base else (names[:1] if node.module else names)


def test_packages_form_no_import_cycle() -> None:
    imports: dict[str, set[str]] = {}
    for path in LIBRARY.rglob("*.py"):
        unit = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
        if unit not in OPENERS:
            imports.setdefault(unit, set()).update(set(imported(path)) - {unit})
    assert len(tuple(TopologicalSorter(imports).static_order())) > 40
