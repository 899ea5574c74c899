"""Figures as people read them."""


def format_metric(value: float) -> str:
    """A value of a metric for people, to about five digits whatever its units."""
    digits = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{value:,.{digits}f}"
