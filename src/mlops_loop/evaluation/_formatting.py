"""Formatting of metrics."""


def format_metric(value: float) -> str:
    """A value with about five significant digits, and three of one that is small."""
    if 0 < abs(value) < 0.001:
        return f"{value:.3g}"
    digits = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{round(value, digits) + 0.0:,.{digits}f}"  # no -0.0000


def three_digits(value: float) -> str:
    """A value with three significant digits, and all digits before the decimal point.

    Examples:
        >>> three_digits(1021.4), three_digits(999.6), three_digits(0.4218)
        ('1,021', '1,000', '0.422')
    """
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
