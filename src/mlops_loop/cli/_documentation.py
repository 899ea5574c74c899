"""The command that shows the documentation."""

import sys
from pathlib import Path

import click

from .._standard_output import styled


@click.command()
@click.argument("page", default="index")
@click.option(
    "--html",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all pages as HTML into this folder instead.",
)
def docs(page: str, folder: Path | None) -> None:
    """Show PAGE of the documentation, or the list of pages."""
    from .._documentation import read_page, write_html

    text = read_page(page)
    if folder is not None:
        write_html(folder)
        click.echo(f"open {(folder / page).resolve().with_suffix('.html').as_uri()}")
    elif not (sys.stdout.isatty() and _show_on_terminal(text)):
        click.echo(text, nl=False)


def _show_on_terminal(text: str) -> bool:
    """Render Markdown on a terminal; False if rich is not installed."""
    try:
        from rich.console import Console
        from rich.markdown import Markdown
    except ImportError:
        return False
    Console(file=styled("stdout")).print(Markdown(text))
    return True
