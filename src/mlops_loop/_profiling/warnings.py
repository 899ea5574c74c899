"""Warnings about the table as a whole."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ..contract._model import Contract
from .hints import day_of
from .profile import Facts, Profile
from .table import Table

_FEW_ROWS = 500
_RARE_ROWS = 20
_RARE_SHARE = 0.01


def warn(
    contract: Contract, profile: Profile, facts: Mapping[str, Facts], table: Table
) -> Iterator[str]:
    """Warnings about the table; those about single columns are notes of the columns.

    Args:
        contract: the inferred contract.
        profile: profile of all rows.
        facts: counts by column, with stray words counted as missing.
        table: the table with the rows.
    """
    for name, original in table.renamed.items():
        yield f"the column {original!r} was renamed to {name!r}"
    if profile.rows < _FEW_ROWS:
        yield (
            f"{profile.rows} rows are few: metrics will be uncertain, and the gate may reject "
            "every model"
        )
    yield from _about_target(contract, facts[contract.target.name])
    if profile.repeated and contract.id is None:
        yield (
            f"{profile.repeated} of {profile.rows} rows are duplicates and count as separate "
            "events: remove them if they are copies"
        )
    yield from _about_time(contract, facts)
    moments = [spec.name for spec in contract.features if spec.type == "datetime"]
    if contract.time is None and moments:
        yield (
            f"rows have a date ({', '.join(moments)}), but are split at random, so models are "
            f"evaluated on days of their training rows: give --time {moments[0]!r} if rows are "
            "events in time"
        )


def _about_time(contract: Contract, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Rows after today, e.g. of 9999-12-31, would be all that is held out."""
    if contract.time is None:
        return
    name = contract.time.name
    last = (facts[name].maximum or 0) / 1e6
    if last > (datetime.now(UTC) + timedelta(days=1)).timestamp():
        day = day_of(last)
        yield (
            f"{name} goes to {day}, after today, and the last days are held out: if that date "
            f"stands for none, add --missing '{name}={day}', written as in the table"
        )


def _about_target(contract: Contract, facts: Facts) -> Iterator[str]:
    name = contract.target.name
    if facts.missing:
        yield (
            f"{facts.missing} of {facts.rows} rows have no {name} "
            f"({facts.missing / facts.rows:.1%}): they are quarantined at ingestion"
        )
    if contract.problem == "regression" or facts.words is None:
        return
    limit = max(_RARE_ROWS, _RARE_SHARE * facts.present)
    rare = {word: rows for word, rows in facts.words.items() if rows < limit}
    if rare:
        named = ", ".join(f"{word!r} ({rows})" for word, rows in list(rare.items())[:5])
        yield f"rare classes of {name}: {named}{' …' if len(rare) > 5 else ''}"
