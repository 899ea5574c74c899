"""Options of commands that read text files: they overrule detection and the section `csv`."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .._settings import Csv

Dialect = dict[str, str | None]
_NAMES = {"tab": "\t", "\\t": "\t", "space": " ", "none": None, "": None}
_FIELDS = ("delimiter", "quote", "escape", "decimal", "encoding")
_OPTIONS = (
    click.option("--delimiter", help="Delimiter of a text file, e.g. `;` or `tab`."),
    click.option("--quote", help="Character that encloses values in a text file, or `none`."),
    click.option("--escape", help="Character before a quote or delimiter in a value, or `none`."),
    click.option("--decimal", type=click.Choice([".", ","]), help="Decimal sign in a text file."),
    click.option("--encoding", help="Encoding of a text file, e.g. cp1250."),
)


def dialect_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets those that were given as the argument `dialect`."""

    @wraps(command)
    def with_dialect(*args: Any, **options: Any) -> Any:
        given = {name: options.pop(name) for name in _FIELDS}
        dialect = {
            name: _NAMES.get(value, value) for name, value in given.items() if value is not None
        }
        return command(*args, dialect=_checked(dialect), **options)

    for option in reversed(_OPTIONS):
        with_dialect = option(with_dialect)
    return with_dialect


def overruled(csv: "Csv", dialect: Dialect) -> "Csv":
    """The dialect of the settings with the options that were given."""
    return csv.model_copy(update=dialect)


def _checked(dialect: Dialect) -> Dialect:
    from pydantic import ValidationError

    from .._settings import Csv

    try:
        Csv.model_validate(dialect)
    except ValidationError as error:
        first = error.errors()[0]
        expected = "expected one character" if "String" in first["msg"] else first["msg"]
        raise click.UsageError(
            f"--{first['loc'][0]} {first['input']!r}: {expected.removeprefix('Value error, ')}"
        ) from error
    return dialect
