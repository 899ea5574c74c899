"""Your features: an example of each, and properties that every feature needs."""

import numpy as np
from hypothesis import given
from mlops_loop.contract import Columns
from mlops_loop.testing import assert_row_wise, assert_valid_features, columns_of

from {{ cookiecutter.package_name }} import features
from {{ cookiecutter.package_name }}.project import project

COLUMNS = columns_of(project.contract)


def test_the_weekday_is_that_of_new_york() -> None:
    # A Tuesday, and the Monday before: at 03:00 UTC it is still 22:00 in New York.
    moments = np.array(["2013-01-01T10:00", "2013-01-01T03:00"], "datetime64[us]")
    assert features.weekday(moments).tolist() == [1.0, 0.0]


def test_the_scheduled_minutes_pass_midnight() -> None:
    departure, arrival = np.array([315.0, 1430.0]), np.array([499.0, 20.0])
    assert features.scheduled_minutes(departure, arrival).tolist() == [184.0, 30.0]


def test_the_dew_point_spread_is_how_much_warmer_the_air_is() -> None:
    temperature, dew_point = np.array([39.0, 50.0, np.nan]), np.array([28.0, 50.0, 28.0])
    spread = features.dew_point_spread(temperature, dew_point)
    np.testing.assert_array_equal(spread, [11.0, 0.0, np.nan])


def test_the_contract_has_every_column_that_a_feature_needs() -> None:
    names = {column.name for column in project.features.columns(project.contract)}
    assert names >= project.features.declared.keys()


@given(columns=COLUMNS)
def test_every_feature_is_one_value_a_row(columns: Columns) -> None:
    assert_valid_features(project.features, columns)


@given(columns=COLUMNS)
def test_no_feature_looks_at_other_rows(columns: Columns) -> None:
    assert_row_wise(project.features, columns)
