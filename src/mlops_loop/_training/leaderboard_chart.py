"""The leaderboard as a picture: each candidate's folds, their mean and spread."""

from .._templates import load_template
from ..evaluation._formatting import format_metric
from .leaderboard import Leaderboard, Row

_LEFT, _RIGHT = 130.0, 440.0  # of the drawing, between the names and the figures


def draw_leaderboard(board: Leaderboard) -> str:
    """SVG, best candidate first; it stands alone, or takes the colours of a page around it."""
    values = [value for row in board.rows for value in _reach(row)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def x(value: float) -> str:
        return f"{_LEFT + (value - low) / span * (_RIGHT - _LEFT):.1f}"

    template = load_template("mlops_loop._training", "leaderboard.svg.j2")
    return template.render(board=board, low=low, high=high, x=x, figure=format_metric)


def _reach(row: Row) -> tuple[float, ...]:
    return (*row.scores, row.mean - row.std, row.mean + row.std)
