"""A progress bar on a terminal, plain lines in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass
class Display:
    """Where a long command says what it does and how far it is."""

    bar: "Progress | None" = None
    on_note: Callable[[str], None] | None = None

    def on_message(self, line: str) -> None:
        if self.bar is None:
            click.echo(line)
        else:
            self.bar.console.print(line, markup=False, highlight=False)

    def on_progress(self, done: int, total: int | None = None) -> None:
        """Say that `done` of `total` is done; without a total the bar only counts."""
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=done, total=total)

    def note(self, line: str) -> None:
        """Say beside the bar what happens now; in a pipe nothing."""
        if self.on_note is not None:
            self.on_note(line)
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], note=line)


@contextmanager
def display(unit: str) -> Iterator[Display]:
    """A display that counts in `unit`, for as long as the block runs."""
    if not sys.stdout.isatty():
        yield Display()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    note = TextColumn("{task.fields[note]}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn(), note)
    with Progress(*columns, transient=True) as bar:
        bar.add_task(unit, total=None, note="")
        yield Display(bar)
