"""Your features: pure functions of contract columns, one value a row.

Training, batch scoring and the service call the same functions, so a feature may look at
nothing but its own row. Numeric feature columns of the contract reach the model without
being mentioned here.
"""

import numpy as np
from mlops_loop import FeatureSet
from numpy.typing import NDArray

FEATURES = FeatureSet(__name__)

Floats = NDArray[np.float64]
Moments = NDArray[np.datetime64]

# New York keeps five hours behind UTC in winter. Between 04:00 and midnight, when flights
# leave, the winter offset gives the right day in summer too.
_NEW_YORK = np.timedelta64(5, "h")


# A calendar feature depends on the date alone, so monitoring does not compare it for drift.
@FEATURES.feature(inputs=("scheduled_departure",), output="number", calendar=True)
def weekday(scheduled_departure: Moments) -> Floats:
    """Day of the week in New York, Monday is 0."""
    days = (scheduled_departure - _NEW_YORK).astype("datetime64[D]").astype(np.int64)
    return ((days + 3) % 7).astype(np.float64)


@FEATURES.feature(inputs=("departure_minute", "arrival_minute"), output="number")
def scheduled_minutes(departure_minute: Floats, arrival_minute: Floats) -> Floats:
    """Minutes between the two local times of the timetable, across midnight."""
    return (arrival_minute - departure_minute) % 1440.0


@FEATURES.feature(inputs=("temperature", "dew_point"), output="number")
def dew_point_spread(temperature: Floats, dew_point: Floats) -> Floats:
    """How far the air is from fog, in degrees Fahrenheit."""
    return temperature - dew_point
