"""What platforms do around a container: they ask whether it is ready, and hand secrets over."""

import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

from behaviour import StepFailedError

SECONDS_TO_START = 60


def wait_until_answered(url: str) -> None:
    """Ask a health check until it succeeds."""
    until = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, ConnectionError) as error:
            if time.monotonic() > until:
                raise StepFailedError(f"after {SECONDS_TO_START} s {url}: {error}") from error
        time.sleep(0.02)


def with_password(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as a secret store sets them: the address of the prediction log has its password."""
    return {
        name: address_with_password(value) if "password_file=" in value else value
        for name, value in settings.items()
    }


def address_with_password(address: str) -> str:
    """An address with the password of its file in it, and without a spool on the disk."""
    parts = urlsplit(address)
    (file,) = parse_qs(parts.query)["password_file"]
    password = quote(Path(file).read_text(encoding="utf-8").strip(), safe="")
    place = f"{parts.username or ''}:{password}@{parts.hostname}:{parts.port}"
    return parts._replace(netloc=place, query="").geturl()
