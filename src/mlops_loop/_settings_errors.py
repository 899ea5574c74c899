"""Messages for invalid settings: the key, the line or variable that sets it, and what is wrong."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ._nearest_name import nearest_name
from ._redaction import SECRET_KEYS

Key = tuple[str, ...]


def close_match(name: str, names: Sequence[str]) -> str:
    """A question about the most similar name; empty if there is none.

    Examples:
        >>> close_match("fold", ["folds", "holdout"])
        '; did you mean folds?'
    """
    near = nearest_name(name, names)
    return f"; did you mean {near}?" if near else ""


def message_of(
    error: ValidationError,
    kind: type[BaseModel],
    *,
    file: str,
    text: str,
    prefix: str,
    variables: Mapping[str, str],
) -> str:
    """One sentence on the first mistake.

    Args:
        error: raised by the class of the settings.
        kind: this class.
        file: name of the settings file.
        text: its content.
        prefix: prefix of the variables that override a key.
        variables: source of each variable, e.g. the environment, by its name in capitals.
    """
    details = error.errors()[0]
    key = tuple(str(part) for part in details["loc"])
    variable = next(
        (
            name
            for length in range(len(key), 0, -1)
            if (name := f"{prefix}{'__'.join(key[:length])}".upper()) in variables
        ),
        None,
    )
    if variable is not None:
        origin = f"{variables[variable]} {variable}"
    else:
        line = _line(text, key)
        origin = file if line is None else f"{file}, line {line}"
    return f"{origin}: {'.'.join(key)}: {_reason(details, key, kind)}"


def _reason(details: Mapping[str, Any], key: Key, kind: type[BaseModel]) -> str:
    """What is wrong with a value; the value too, unless it may hold a secret."""
    value = details["input"]
    match details["type"]:
        case "extra_forbidden":
            return f"unknown key{close_match(key[-1], _keys(kind, key[:-1]))}"
        case "missing":
            return "a value is required"
        case "value_error":
            return str(details["ctx"]["error"])
        case "model_type" if value is None:
            return "the section is empty: add a key, or remove it"
        case "model_type":
            return "expected keys with values"
        case "tuple_type":
            reason = 'expected a list, e.g. ["a", "b"]'
        case _:
            reason = str(details["msg"]).replace("Input should be", "expected")
            reason = reason.partition(", unable to parse")[0]
    # A secret that is shorter than what is redacted is hidden all the same.
    hidden = isinstance(value, dict | list | tuple) or ".".join(key).startswith(SECRET_KEYS)
    return reason + ("" if hidden else f", got {value!r}")


def yaml_reason(error: yaml.YAMLError) -> str:
    """What is wrong with a file, and where; without words of the file, which may be secrets."""
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem: str = getattr(error, "problem", None) or type(error).__name__
    return place + re.sub(r"'[^']{2,}'", "'…'", problem)


def _keys(kind: type[BaseModel], section: Key) -> list[str]:
    """The keys of a section."""
    for name in section:
        model = _section(kind, name)
        assert model is not None, name
        kind = model
    return list(kind.model_fields)


def all_keys(kind: type[BaseModel]) -> Iterator[Key]:
    """All keys of the settings, those of sections and the sections themselves among them."""
    for name in kind.model_fields:
        yield (name,)
        if section := _section(kind, name):
            yield from ((name, *key) for key in all_keys(section))


def _section(kind: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The class of a section; None if the key is a value."""
    annotation: Any = kind.model_fields[name].annotation
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _line(text: str, key: Key) -> int | None:
    """The line of a key, or of the innermost section around it that the file has."""
    node, line = yaml.compose(text, yaml.SafeLoader), None
    for name in key:
        if not isinstance(node, yaml.MappingNode):
            break
        entries = [entry for entry in node.value if entry[0].value == name]
        if not entries:
            break
        head, node = entries[-1]
        line = head.start_mark.line + 1
    return line
