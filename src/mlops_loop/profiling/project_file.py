"""`config/project.yaml` with some values changed and everything else, comments too, as it was."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

Path = tuple[str, ...]
_SAMPLE = (", or the sample.", ".")
# A section with the comment above it, up to the next line that begins at the margin.
_SECTION = r"\n*(^#[^\n]*\n)*^{name}:[^\n]*\n((?:[ \t]+[^\n]*)?\n)*"


def changed_settings(text: str, changes: Mapping[Path, Any], *, drop: tuple[str, ...] = ()) -> str:
    """The file's text with values replaced, and sections left out.

    Args:
        text: the file as it is.
        changes: new values by the path of their key.
        drop: names of sections that go, together with the comment above them.
    """
    for name in drop:
        text = re.sub(_SECTION.format(name=name), "\n", text, flags=re.MULTILINE)
    text = text.replace(*_SAMPLE)
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
        if section.get(last) != value:
            section[last] = _quoted(value)
    written = io.StringIO()
    yaml.dump(document, written)
    kept = set(text.splitlines())
    lines = [_near(line, kept) for line in written.getvalue().rstrip().splitlines()]
    return "\n".join(lines) + "\n"


def _near(line: str, kept: set[str]) -> str:
    """A changed line with its comment moved up to its value."""
    return line if line in kept else re.sub(r"(?<=\S) {2,}#", " #", line)


def _null(representer: Any, value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _quoted(value: Any) -> Any:
    """Texts in quotes: unquoted ones mean different things to different readers."""
    if isinstance(value, str):
        plain = re.fullmatch(r"[a-z_]{4,}|\d+[smhd]", value)
        return value if plain else DoubleQuotedScalarString(value)
    return value
