"""A model card as a page: Markdown for reviews, HTML for reading."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from .card import Card


def markdown(card: Card, metric: str) -> str:
    """The card in Markdown; `metric` names what importances are measured in."""
    return _template("card.md.j2", escape=False).render(card=card, metric=metric)


def html(card: Card, metric: str) -> str:
    """The card as one page that needs no other file."""
    return _template("card.html.j2", escape=True).render(card=card, metric=metric)


def _template(name: str, *, escape: bool) -> Template:
    environment = Environment(
        autoescape=escape,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    source = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return environment.from_string(source)
