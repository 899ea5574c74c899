"""What stops a scenario."""


class FaultsError(Exception):
    """A scenario cannot go on; the text says why."""
