"""Digest of Python code that ignores comments and formatting."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def source_digest(source: str) -> str:
    """Digest of Python source, the same on every supported Python version.

    Examples:
        >>> source_digest("x = 1  # one") == source_digest("x=1")
        True
    """
    digest = hashlib.sha256()
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
    structure = {tokenize.NEWLINE: "newline", tokenize.INDENT: "indent", tokenize.DEDENT: "dedent"}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            digest.update(structure.get(token.type, token.string).encode() + b"\0")
    return digest.hexdigest()[:16]


def modules_behind(name: str) -> dict[str, Path]:
    """Source files of a module and of all modules of the same package that it imports.

    Args:
        name: full name of an importable module, e.g. `my_project.features`.

    Returns:
        Files by module name, sorted by name. What a module imports within a function counts too.
    """
    files: dict[str, Path] = {}
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module in files or not module:
            continue
        path = _source_file(module)
        if path is None:
            # The name of something that the module above it defines, if not of another package.
            waiting.append(module.rpartition(".")[0])
            continue
        files[module] = path
        is_package = path.name == "__init__.py"
        with tokenize.open(path) as source:
            tree = ast.parse(source.read())
        own = name.partition(".")[0]
        imported = _imports(tree, module, is_package=is_package)
        waiting += [each for each in imported if each.partition(".")[0] == own]
    return dict(sorted(files.items()))


def module_digest(name: str) -> str:
    """Digest of a module with all modules of the same package that it imports."""
    digest = hashlib.sha256()
    for module, path in modules_behind(name).items():
        with tokenize.open(path) as source:
            relative = module.partition(".")[2]
            digest.update(f"{relative}={source_digest(source.read())}\n".encode())
    return digest.hexdigest()[:16]


def _source_file(module: str) -> Path | None:
    """The file of a module; None for a name that is not a module, or not written in Python."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _imports(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[str]:
    """Full names of the imports of a module: modules, or names defined in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            depth = node.level - 1 if is_package else node.level
            base = parts[: len(parts) - depth] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)
