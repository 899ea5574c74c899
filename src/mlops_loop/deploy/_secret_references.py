"""Settings whose value is not a value, but the name of a secret of the platform."""

import re
from collections.abc import Mapping


def find_references(
    environ: Mapping[str, str], pattern: re.Pattern[str]
) -> dict[str, re.Match[str]]:
    """The settings that refer to a secret, by the name of their variable.

    Settings are the variables with two underscores in their name, e.g. `SHOP__SERVING__API_KEYS`.
    """
    return {
        name: reference
        for name, value in environ.items()
        if "__" in name and (reference := pattern.fullmatch(value))
    }
