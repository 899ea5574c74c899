from datetime import timedelta

import pytest

from mlops_loop._duration import format_duration, parse_duration


@pytest.mark.parametrize("text", ["200ms", "30s", "15m", "36h", "7d", "0s"])
def test_a_duration_is_written_as_it_was_read(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


def test_a_day_is_a_day() -> None:
    assert parse_duration("1d") == timedelta(days=1)


@pytest.mark.parametrize("text", ["", "1", "d", "1.5h", "1 d", "1w", 5])
def test_anything_else_says_how_to_write_it(text: object) -> None:
    with pytest.raises(ValueError, match="e.g. 36h"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36526d", "9999999999d", "9" * 400 + "ms", "9" * 5000 + "h"])
def test_a_duration_beyond_the_calendar_says_how_long_it_may_be(text: str) -> None:
    assert parse_duration("36525d") == timedelta(days=36_525)
    with pytest.raises(ValueError, match="too long: expected 36525d at most") as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 100
