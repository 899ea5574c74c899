"""For the tests of a project: rows drawn from the contract, copies, a trained model, checks.

The extra `testing` installs pytest, Hypothesis and httpx, which this package needs.

Examples: A property of all features, and the HTTP contract suite on your application.
    >>> from hypothesis import given
    >>> from mlops_loop.testing import HttpContract, assert_row_wise, columns_of
    >>> @given(columns=columns_of(project.contract))
    ... def test_features_are_row_wise(columns):
    ...     assert_row_wise(project.features, columns)
    ...
    >>> class TestHttpContract(HttpContract):  # with a fixture `client`
    ...     pass
"""

import pytest

# So that a failure shows the compared values, as in a test module.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module}" for module in ("_features", "_http_contract", "_models"))
)

# isort: split
from ..contract._json_schema import example_row  # noqa: E402
from ._application import application_client, get_paths  # noqa: E402
from ._copies import API_KEY, project_copy  # noqa: E402
from ._features import assert_no_skew, assert_row_wise, assert_valid_features  # noqa: E402
from ._http_contract import HttpContract  # noqa: E402
from ._models import (  # noqa: E402
    assert_ignores,
    assert_row_independent,
    assert_valid_predictions,
)
from ._rows import columns_of, rows_of, with_values  # noqa: E402
from ._trained import TrainedProject, trained_project  # noqa: E402

__all__ = [
    "API_KEY",
    "HttpContract",
    "TrainedProject",
    "application_client",
    "assert_ignores",
    "assert_no_skew",
    "assert_row_independent",
    "assert_row_wise",
    "assert_valid_features",
    "assert_valid_predictions",
    "columns_of",
    "example_row",
    "get_paths",
    "project_copy",
    "rows_of",
    "trained_project",
    "with_values",
]
