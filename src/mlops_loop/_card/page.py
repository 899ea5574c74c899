"""Rendering of a model card as Markdown and HTML."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from markupsafe import Markup

from .._atomic import atomic_write
from .._formats import MODEL_CARD
from .._settings import Settings
from .._templates import load_template
from ..evaluation._formatting import format_metric
from .card import Card

if TYPE_CHECKING:  # the registry writes the card of a version
    from ..registry._mlflow_registry import Registry

DATA = "model_card.json"
_FILTERS = {"metric": format_metric}
_MARKDOWN_SYNTAX = re.compile(r"([\\`|\[\]<])")


def write_card(card: Card, settings: Settings, registry: "Registry") -> None:
    """Write a card to `var/reports` as Markdown and HTML, and to the MLflow run with its data."""
    pages = {"md": markdown(card), "html": html(card)}
    for ending, text in pages.items():
        path = settings.paths.model_cards / f"{card.manifest.version}.{ending}"
        with atomic_write(path) as draft:
            draft.write_text(text, encoding="utf-8")
    texts = {f"model_card.{ending}": text for ending, text in pages.items()}
    texts[DATA] = MODEL_CARD.encode(card).decode()
    registry.log_texts(card.manifest.run_id, texts)


def read_card(registry: "Registry", run: str) -> Card:
    """The card that `write_card` logged to a run."""
    with TemporaryDirectory() as folder:
        data = registry.download(run, DATA, Path(folder)).read_bytes()
    return MODEL_CARD.decode(data, Card, DATA)


def markdown(card: Card) -> str:
    """The card in Markdown."""
    template = load_template(
        "mlops_loop._card", "card.md.j2", escape=_escape_markdown, filters=_FILTERS
    )
    return template.render(card=card)


def html(card: Card) -> str:
    """The card as a self-contained HTML page."""
    return load_template("mlops_loop._card", "card.html.j2", filters=_FILTERS).render(card=card)


def _escape_markdown(value: object) -> object:
    """Values as text: Markdown may contain HTML, and categories are sent by callers."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _MARKDOWN_SYNTAX.sub(r"\\\1", value)
    return value
