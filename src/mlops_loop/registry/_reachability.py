"""Whether a tracking server answers; MLflow itself retries for minutes before it says so."""

import socket
from contextlib import closing
from http.client import HTTPException
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from ..errors import RegistryError

TIMEOUT_SECONDS = 10.0
_DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


def is_http(uri: str) -> bool:
    """Whether a tracking URI is that of an MLflow server."""
    return urlsplit(uri).scheme in ("http", "https")


def require_reachable(uri: str) -> None:
    """Make sure that a tracking server, or the server of a database, answers.

    Raises:
        RegistryError: naming the address, without credentials, if it does not within 10 seconds.
    """
    url = urlsplit(uri)
    scheme, host = url.scheme.partition("+")[0], url.netloc.rpartition("@")[2]
    try:
        if is_http(uri):
            _request(f"{url.scheme}://{host}{url.path}")
        elif scheme in _DATABASE_PORTS and url.hostname:
            address = url.hostname, url.port or _DATABASE_PORTS[scheme]
            with closing(socket.create_connection(address, timeout=TIMEOUT_SECONDS)):
                pass
    except (OSError, HTTPException, ValueError) as error:
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        raise RegistryError(
            f"the tracking server {url.scheme}://{host} is unavailable ({reason}): start it, or see"
            " tracking.uri in config/project.yaml"
        ) from error


def _request(uri: str) -> None:
    """Any response will do; what it says about certificates and keys is left to MLflow."""
    try:
        with closing(urlopen(uri, timeout=TIMEOUT_SECONDS)):
            pass
    except HTTPError:
        return
    except URLError as error:
        if isinstance(error.reason, SSLError):
            return
        raise error.reason if isinstance(error.reason, OSError) else error from error
