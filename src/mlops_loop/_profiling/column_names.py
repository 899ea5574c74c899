"""What the name of a column says about its values."""

import re

_PLACE_OR_CODE = re.compile(
    r"(^|[^a-z])(zip|zipcode|zip code|postal|postcode|post code|postleitzahl|plz|cep|pincode|"
    r"fips|sic|naics|icd|code|codes)([^a-z]|$)"
)
_PEOPLE = (
    "subject|subj|patient|person|participant|respondent|customer|client|user|student|pupil|"
    "employee|driver|kunde|kunden"
)
_THINGS = (
    "account|member|passenger|device|sensor|machine|engine|unit|station|store|shop|branch|"
    "household|family|school|hospital|company|firm|vendor|seller|merchant|product|item|article|"
    "location|contract|policy|session|player|team|vehicle|car|house|property|case|group"
)
_KEY = r"(id|ids|no|nr|num|number|nummer|key)"
_ENTITY = re.compile(
    rf"(^|[^a-z])({_PEOPLE})s?([^a-z]*{_KEY})?$|(^|[^a-z])({_THINGS})s?[^a-z]*{_KEY}$"
    r"|(^|[^a-z])ids?$"
)
_ROW_KEY = re.compile(
    r"(^|[^a-z])(id|ids|key|no|nr|num|number|index|idx|uuid|guid|rownames?|unnamed|column 1)"
    r"([^a-z]|$)"
)
_DATED = re.compile(
    r"year|jahr|année|date|datum|time|month|day|week|created|updated|epoch|stamp|"
    r"(^| )(when|at|ts|moment)$"
)
_YEAR = re.compile(r"(^|[^a-z])(year|yr|jahr|année|año)([^a-z]|$)")


def is_code(name: str) -> bool:
    """Whether numbers under this name are codes, e.g. postal codes, and no quantities."""
    return bool(_PLACE_OR_CODE.search(_words(name)))


def is_entity(name: str) -> bool:
    """Whether the values name what the rows are about, e.g. a patient or a machine."""
    return bool(_ENTITY.search(_words(name)))


def is_row_key(name: str) -> bool:
    """Whether the values may number the rows."""
    return bool(_ROW_KEY.search(_words(name)))


def is_dated(name: str) -> bool:
    """Whether the values may be dates."""
    return bool(_DATED.search(_words(name)))


def is_year(name: str) -> bool:
    """Whether the values may be years."""
    return bool(_YEAR.search(_words(name)))


def _words(name: str) -> str:
    """Lower-case words, one blank between them: patientId and PATIENT_ID are patient id."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+", " ", name)
    return spaced.lower().strip()
