"""The proposal as a table on the terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from .._duration import format_duration
from .._standard_output import printable, styled
from .highlights import highlights
from .hints import day_of
from .profile import MOST_CATEGORIES
from .proposal import Proposal
from .roles import InferredColumn

_PIPE_WIDTH = 150
_MOST_WORDS = 4


def show(proposal: Proposal) -> None:
    """Print columns and warnings on standard output."""
    console = Console(file=styled("stdout"), highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    grid = RichTable(*("column", "type", "role", "holds", "missing", "remark"), box=None)
    for inferred in proposal.columns:
        grid.add_row(*(Text(printable(cell)) for cell in _cells(inferred)))
    console.print(grid)
    console.print(Text(printable(f"\n{summary(proposal)}")))
    _show_settings(console, proposal)
    for warning in proposal.warnings:
        console.print(Text(printable(f"warning: {warning}"), style="yellow"))


def _show_settings(console: Console, proposal: Proposal) -> None:
    """Print the arithmetic behind settings."""
    suggested = proposal.settings
    if not suggested.rate:
        return
    horizon = format_duration(proposal.contract.label_horizon)
    console.print(Text(f"\n{suggested.rate}, labels after {horizon}; settings that follow:"))
    grid = RichTable(box=None, show_header=False)
    for path, reason in suggested.reasons.items():
        value = suggested.changes[path]
        shown = f"[{', '.join(value)}]" if isinstance(value, list) else str(value)
        cells = (".".join(path), shown, reason)
        grid.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(grid)


def show_highlights(proposal: Proposal) -> None:
    """Print what the user should look at first: last, so that it does not scroll away."""
    console = Console(file=styled("stdout"), highlight=False, soft_wrap=True)
    console.print(Text("\nlook at this first:", style="bold"))
    for line in highlights(proposal):
        console.print(Text(printable(f"- {line}")))


def summary(proposal: Proposal) -> str:
    """A summary of the table in one sentence."""
    contract, csv = proposal.contract, proposal.table.csv
    message = (
        f"{proposal.rows:,} rows, {len(proposal.columns)} columns, {contract.problem}: "
        f"{contract.target.name} from {len(contract.features)} features"
    )
    if csv is None:
        return message
    named = "tab" if csv.delimiter == "\t" else repr(csv.delimiter)
    return f"{message} (text files: {csv.encoding}, delimited by {named})"


def _cells(inferred: InferredColumn) -> Iterator[str]:
    column, facts = inferred.column, inferred.facts
    yield column.name
    yield column.type
    yield column.role
    yield _content(inferred)
    yield f"{facts.missing / facts.rows:.1%}" if facts.missing else ""
    yield "; ".join(inferred.notes)


def _content(inferred: InferredColumn) -> str:
    facts = inferred.facts
    if facts.minimum is not None and facts.maximum is not None:
        if inferred.column.type == "datetime":
            return f"{day_of(facts.minimum / 1e6)} to {day_of(facts.maximum / 1e6)}"
        return facts.span
    if facts.distinct > MOST_CATEGORIES:
        return f"{facts.distinct:,} texts"
    common = [word for word, _ in facts.common.most_common(_MOST_WORDS)]
    listed = ", ".join(word if len(word) <= 20 else f"{word[:19]}…" for word in common)
    more = facts.distinct - len(common)
    return f"{listed} and {more} more" if more > 0 else listed
