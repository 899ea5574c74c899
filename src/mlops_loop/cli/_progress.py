"""A progress bar on a terminal, plain lines in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from .._standard_output import printable, styled

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass
class Display:
    """Output of a long command: messages and progress."""

    bar: "Progress | None" = None
    on_note: Callable[[str], None] | None = None

    def on_message(self, line: str) -> None:
        if self.bar is None:
            click.echo(line)
        else:
            self.bar.console.print(printable(line), markup=False, highlight=False)

    def on_progress(self, done: int, total: int | None = None) -> None:
        """Show that `done` of `total` are done; without a total only the count."""
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=done, total=total)

    def note(self, line: str) -> None:
        """Show the current stage next to the bar; nothing in a pipe."""
        if self.on_note is not None:
            self.on_note(line)
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], note=printable(line))


@contextmanager
def display(unit: str) -> Iterator[Display]:
    """Context manager: a display that counts in `unit`."""
    if not sys.stdout.isatty():
        yield Display()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    note = TextColumn("{task.fields[note]}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn(), note)
    with Progress(*columns, console=Console(file=styled("stdout")), transient=True) as bar:
        bar.add_task(unit, total=None, note="")
        yield Display(bar)
