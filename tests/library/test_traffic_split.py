import numpy as np
import pytest

from mlops_loop._traffic_split import bucket


def test_buckets_are_even_and_depend_on_the_challenger() -> None:
    drawn = np.array([bucket(str(number), "1") for number in range(4000)])
    other = np.array([bucket(str(number), "2") for number in range(4000)])
    assert np.histogram(drawn, 4, (0, 1))[0] == pytest.approx([1000] * 4, abs=150)
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.1
