"""The few remarks about a table that a user should read before all others."""

from collections.abc import Iterator

from .hints import Kind, same_but_for_case
from .proposal import Proposal
from .roles import InferredColumn

_MOST_NAMED = 6
_MOST_QUESTIONS = 3
_MOST_CLASSES = 6


def highlights(proposal: Proposal) -> list[str]:
    """Leaks, questions, identifiers, groups, time and classes, one line for each."""
    contract = proposal.contract
    target = next(column for column in proposal.columns if column.column == contract.target)
    found = [*_columns(proposal)]
    if contract.time is not None:
        found.append(f"time: rows are split by {contract.time.name!r}")
    return [*found, *_about_target(proposal, target)]


def _columns(proposal: Proposal) -> Iterator[str]:
    if leaks := _texts(proposal, "leak"):
        yield f"may leak the target: {_listed(leaks)}; leave them out with --ignore if unknown then"
    named = [
        f"{column.column.name}: {hint.text}"
        for column in proposal.columns
        for hint in column.hints
        if hint.kind in ("missing", "spelling")
    ]
    yield from named[:_MOST_QUESTIONS]
    if len(named) > _MOST_QUESTIONS:
        yield f"{len(named) - _MOST_QUESTIONS} more such remarks are in the table above"
    if identifiers := _texts(proposal, "identifier"):
        yield f"identify rows, left out: {_listed(identifiers)} (--id keeps one as the id)"
    if proposal.contract.group is None and (groups := _named(proposal, "group")):
        yield (
            f"values that repeat, e.g. customers: {_listed(groups)}; --group {groups[0]!r} keeps "
            "rows of one together"
        )
    dated = [one.name for one in proposal.contract.features if one.type == "datetime"]
    times = [*dated, *_named(proposal, "time")]
    if proposal.contract.time is None and times:
        yield f"time: rows are split at random; --time {times[0]!r} splits them by time"


def _about_target(proposal: Proposal, target: InferredColumn) -> Iterator[str]:
    contract, facts = proposal.contract, target.facts
    if contract.problem == "regression":
        yield f"{contract.target.name} is a number, from {facts.span}"
        return
    shares = [
        f"{word} {rows / max(facts.present, 1):.1%}" for word, rows in facts.common.most_common()
    ]
    more = f" and {len(shares) - _MOST_CLASSES} more" if len(shares) > _MOST_CLASSES else ""
    yield f"classes of {contract.target.name}: {', '.join(shares[:_MOST_CLASSES])}{more}"
    if contract.problem == "binary":
        positive = contract.classes[1]
        shown = str(positive).lower() if isinstance(positive, bool) else repr(positive)
        yield f"positive class: {shown}, whose probability is reported"
    for pair in same_but_for_case(facts.common):
        yield f"classes differ only in case: {' and '.join(map(repr, pair))}; make them one"
    numbers = [word for word in facts.common if word.lstrip("+-").isdigit()]
    if len(numbers) == len(facts.common) > 2:
        yield (
            "whole numbers are read as classes: if they are ratings or amounts, give --problem "
            "regression"
        )


def _texts(proposal: Proposal, kind: Kind) -> list[str]:
    return [hint.text for column in proposal.columns for hint in column.hints if hint.kind == kind]


def _named(proposal: Proposal, kind: Kind) -> list[str]:
    return [
        column.column.name
        for column in proposal.columns
        if any(hint.kind == kind for hint in column.hints)
    ]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
