"""Jinja templates that are part of the package."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template


def load_template(
    package: str,
    name: str,
    *,
    escape: Callable[[object], object] | None = None,
    filters: Mapping[str, Callable[..., Any]] | None = None,
) -> Template:
    """Load a template; rendering it without a variable that it names is an error.

    Args:
        package: package that contains the file, e.g. `mlops_loop._card`.
        name: name of the file.
        escape: makes a value safe in the template's language; by default HTML and SVG.
        filters: filters by the name that the template uses.
    """
    environment = Environment(
        autoescape=escape is None,
        finalize=escape,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(filters or {})
    return environment.from_string(files(package).joinpath(name).read_text(encoding="utf-8"))
