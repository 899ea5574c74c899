"""Pastes an example into a file of the project, as the page `project` of the documentation says."""

import ast
from collections.abc import Iterator


def pasted(file: str, example: str, *additions: tuple[str, str]) -> str:
    """The file with the example: imports at the top, definitions replaced, or added above a list.

    Args:
        file: the code of the file.
        example: the code to paste.
        additions: pairs of an expression and the list or dictionary that it is added to.
    """
    lines, known = file.splitlines(), dict(_definitions(file))
    imports = _imports(example)
    replaced: dict[str, ast.stmt] = {}
    new: list[str] = []
    for statement in _others(example):
        name = _name(statement)
        if name in known:
            replaced[name] = statement
        else:
            new.append(_source(example, statement))
    targets = [known[name] for name in replaced] + [known[name] for _, name in additions]
    for expression, name in additions:
        lines = _with_item(lines, known[name], expression)
    edits = [
        (_start(known[name]), known[name].end_lineno or 0, _source(example, statement))
        for name, statement in replaced.items()
    ]
    first = min((_start(target) for target in targets), default=len(lines))
    edits.append((first, first, "\n".join(["", *new, ""])))
    edits.append((_end_of_imports(file), _end_of_imports(file), "\n".join(imports)))
    # From the end, so that line numbers stay; what is inserted goes before what is replaced there.
    for start, stop, text in sorted(edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
        lines[start:stop] = text.splitlines()
    return "\n".join(lines) + "\n"


def twice_defined(code: str) -> set[str]:
    """Names that a module defines more than once, which mypy rejects."""
    names = [name for name, _ in _definitions(code)]
    return {name for name in names if names.count(name) > 1}


def _definitions(code: str) -> Iterator[tuple[str, ast.stmt]]:
    for statement in ast.parse(code).body:
        if name := _name(statement):
            yield name, statement


def _name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return next((target.id for target in targets if isinstance(target, ast.Name)), "")


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _imports(code: str) -> list[str]:
    return [_source(code, each) for each in ast.parse(code).body if _is_import(each)]


def _others(code: str) -> list[ast.stmt]:
    return [each for each in ast.parse(code).body if not _is_import(each)]


def _end_of_imports(code: str) -> int:
    return max((each.end_lineno or 0 for each in ast.parse(code).body if _is_import(each)))


def _start(statement: ast.stmt) -> int:
    """The first line, with decorators, counted from 0."""
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)]) - 1


def _source(code: str, statement: ast.stmt) -> str:
    return "\n".join(code.splitlines()[_start(statement) : statement.end_lineno])


def _with_item(lines: list[str], statement: ast.stmt, expression: str) -> list[str]:
    """The lines with one more item before the closing bracket of a list or a dictionary."""
    last = (statement.end_lineno or 0) - 1
    before = lines[last][: (statement.end_col_offset or 0) - 1]
    bracket = lines[last][(statement.end_col_offset or 0) - 1 :]
    comma = "" if not before.strip() else ", "
    return [*lines[:last], f"{before}{comma}{expression}{bracket}", *lines[last + 1 :]]
