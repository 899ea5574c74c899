"""A model card as a page: Markdown for reviews, HTML for reading."""

import re
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from .card import Card

_MARKDOWN_SYNTAX = re.compile(r"([\\`|\[\]<])")


def markdown(card: Card, metric: str) -> str:
    """The card in Markdown; `metric` names what importances are measured in."""
    return _template("card.md.j2", is_html=False).render(card=card, metric=metric)


def html(card: Card, metric: str) -> str:
    """The card as one page that needs no other file."""
    return _template("card.html.j2", is_html=True).render(card=card, metric=metric)


def _template(name: str, *, is_html: bool) -> Template:
    environment = Environment(
        autoescape=is_html,
        finalize=None if is_html else _escape_markdown,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    source = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return environment.from_string(source)


def _escape_markdown(value: object) -> object:
    """Values as text: Markdown may contain HTML, and categories are sent by callers."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _MARKDOWN_SYNTAX.sub(r"\\\1", value)
    return value
