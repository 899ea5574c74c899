"""Changes values of `config/project.yaml` and preserves everything else, including comments."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from .._settings import Settings
from .._yaml_file import parse_yaml

Path = tuple[str, ...]
_SAMPLE = (", or the sample.", ".")
# A section with the comment above it and the commented-out keys below it.
_SECTION = r"\n*(^#[^\n]*\n)*^{name}:[^\n]*\n((?:[ \t]+[^\n]*|#   [^\n]*)?\n)*"
# Prefix of a commented-out key of a section; without the first two characters it is a key.
_COMMENTED = "#   "


def changed_settings(
    text: str,
    changes: Mapping[Path, Any],
    *,
    drop: tuple[str, ...] = (),
    comments: Mapping[Path, str] = {},
) -> str:
    """The text of the file with changed values, without the dropped sections.

    A commented-out key is set where it is. A default is written only if it replaces another value.

    Args:
        text: the current text.
        changes: new values by the path of their key.
        drop: names of sections to remove, with the comments above them.
        comments: comments on changed values of sections, in the place of those behind them.
    """
    for name in drop:
        text = re.sub(_SECTION.format(name=name), "\n", text, flags=re.MULTILINE)
    text = text.replace(*_SAMPLE)
    current = parse_yaml(text) or {}
    changes = {
        path: value
        for path, value in changes.items()
        if _is_set(current, path) or value != _default(path)
    }
    text = _uncommented(text, [path for path in changes if not _is_set(current, path)])
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10**6
    yaml.representer.add_representer(type(None), _null)
    document = yaml.load(text)
    for path, value in changes.items():
        *above, last = path
        section = document
        for key in above:
            section = section.setdefault(key, {})
            if isinstance(section, CommentedMap) and not section:
                section.fa.set_flow_style()
        if section.get(last) != value:
            section[last] = _quoted(value)
    written = io.StringIO()
    yaml.dump(document, written)
    unchanged = set(text.splitlines())
    lines = [_near(line, unchanged) for line in written.getvalue().rstrip().splitlines()]
    for path in changes:
        _comment(lines, path, comments.get(path, ""))
    return "\n".join(lines) + "\n"


def _is_set(body: Any, path: Path) -> bool:
    for key in path:
        if not isinstance(body, dict) or key not in body:
            return False
        body = body[key]
    return True


def _default(path: Path) -> Any:
    """The default of a key, as a YAML value."""
    name, *keys = path
    value = Settings.model_fields[name].default
    for key in keys:
        value = value.model_dump(mode="json")[key]
    return value


def _uncommented(text: str, paths: Sequence[Path]) -> str:
    """Uncomment these keys and their sections."""
    lines = text.splitlines()
    for name, *keys in paths:
        start = _find(lines, rf"(# )?{name}:( |$)", 0, len(lines))
        if start is None:
            continue
        if lines[start].startswith("# "):
            # Of a section on one line only the keys to set are preserved.
            lines[start] = re.sub(r"\{.*\}", "{}", lines[start][2:])
        end = start + 1
        while end < len(lines) and lines[end].startswith((_COMMENTED, "  ")):
            end += 1
        for key in keys:
            if (at := _find(lines, rf"{_COMMENTED}{key}:", start, end)) is not None:
                lines[at] = lines[at][2:]
    return "\n".join(lines) + "\n"


def _find(lines: Sequence[str], pattern: str, start: int, end: int) -> int | None:
    return next((at for at in range(start, end) if re.match(pattern, lines[at])), None)


def _comment(lines: list[str], path: Path, comment: str) -> None:
    """Replace the comment behind a value of a section."""
    name, *keys = path
    start = _find(lines, rf"{name}:( |$)", 0, len(lines))
    if not comment or start is None or len(keys) != 1:
        return
    end = _find(lines, r"\w", start + 1, len(lines)) or len(lines)
    at = _find(lines, rf"  {keys[0]}:", start + 1, end)
    if at is not None:
        lines[at] = f"{lines[at].partition(' #')[0].rstrip()} # {comment}"


def _near(line: str, unchanged: set[str]) -> str:
    """A changed line with its comment moved next to its value."""
    return line if line in unchanged else re.sub(r"(?<=\S) {2,}#", " #", line)


def _null(representer: Any, value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _quoted(value: Any) -> Any:
    """Quote texts, because YAML parsers differ on unquoted ones."""
    if isinstance(value, str):
        plain = re.fullmatch(r"[a-z_]{4,}|\d+[smhd]", value)
        return value if plain else DoubleQuotedScalarString(value)
    if isinstance(value, list):
        sequence = CommentedSeq(map(_quoted, value))
        sequence.fa.set_flow_style()
        return sequence
    return value
