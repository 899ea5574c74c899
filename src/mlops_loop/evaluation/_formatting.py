"""Formatting of metrics."""


def format_metric(value: float) -> str:
    """A value with about five significant digits, and three of one that is small."""
    if 0 < abs(value) < 0.001:
        return f"{value:.3g}"
    digits = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{round(value, digits) + 0.0:,.{digits}f}"  # no -0.0000
