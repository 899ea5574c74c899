"""File systems behind URLs, e.g. object stores, through fsspec.

Each scheme needs a package (s3fs, gcsfs, adlfs …), which reads credentials from its usual places.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import url2pathname

from .errors import InputError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LOCAL = "file://"
# Extras of the library by scheme; they bring fsspec as well.
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
# Packages that have another name than the module that is imported; quoted for a shell.
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "psycopg": '"psycopg[binary]"',
    "psycopg2": "psycopg2-binary",
    "smbclient": "smbprotocol",
}


def open_file_system(address: str, **options: object) -> "tuple[AbstractFileSystem, str]":
    """The file system of a URL, and the path of the URL in it.

    Args:
        address: a URL.
        options: what fsspec passes on to the file system.

    Raises:
        InputError: if nothing here knows the scheme.
    """
    scheme = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        fs, path = url_to_fs(address, **options)
    except ImportError as error:
        package = _EXTRAS.get(scheme) or missing_package(error)
        raise InputError(
            f"{scheme}:// needs a package that is not installed: run `make add PACKAGE={package}`"
        ) from error
    except ValueError as error:
        raise InputError(f"unknown scheme {scheme}://: {error}") from error
    return fs, path


def missing_package(error: ImportError) -> str:
    """The package to install for an import that failed, maybe in the cause of the error."""
    cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    module = (cause.name or "").partition(".")[0]
    return _PACKAGES.get(module, module) or f"NAME ({error})"


def is_remote(address: str) -> bool:
    return "://" in address and not address.startswith(_LOCAL)


def local_path(address: str) -> Path:
    """The path of a `file://` URL, or the path itself."""
    return Path(
        url2pathname(address.removeprefix(_LOCAL)) if address.startswith(_LOCAL) else address
    )


def shown(url: str) -> str:
    """The URL without password and query, which may be a signature."""
    scheme, _, rest = url.partition("://")
    if scheme in ("http", "https"):
        rest = rest.partition("?")[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
