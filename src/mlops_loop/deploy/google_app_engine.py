"""Google App Engine: runs a command of the project with settings from Secret Manager.

Examples: `main.py`, which `entrypoint` in `app.yaml` starts.
    >>> import click
    >>> def load_cli():  # after `from my_ml_project.cli import cli`
    ...     return click.Command("my-ml-project", callback=lambda: print("started"))
    ...
    >>> run_command(load_cli, [])
    Traceback (most recent call last):
        ...
    SystemExit: 0
"""

import base64
import json
import os
import re
import sys
from collections.abc import Callable, MutableMapping, Sequence
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import click

from ..errors import ServiceError
from ._secret_references import find_references

__all__ = ["run_command"]

# `sm://NAME`, the latest version of a secret of the application's project, or one by its number.
_REFERENCE = re.compile(r"sm://(?P<name>[\w-]+)(?:/(?P<version>\d+))?")
_METADATA = "metadata.google.internal"
_SECRET_MANAGER = "https://secretmanager.googleapis.com/"
# Of the address above, e.g. for a region; `gcloud` reads the same variable.
_OVERRIDE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
_SECONDS = 10
_REMEDIES = {
    403: "grant the app's service account roles/secretmanager.secretAccessor on the secret",
    404: "create the secret with a version, or correct the reference",
}


def run_command(load_cli: Callable[[], click.Command], args: Sequence[str] | None = None) -> None:
    """Run the project's command line, after reading the secrets that its settings refer to.

    App Engine's configuration cannot refer to secrets. So a variable of a setting, such as
    `SHOP__PREDICTION_LOG`, whose value is `sm://NAME` or `sm://NAME/VERSION` is replaced with that
    secret of Secret Manager, in the application's project, read as its service account.

    Args:
        load_cli: imports the command line and returns it.
        args: the command; by default the process's arguments.

    Raises:
        SystemExit: at the end of the command, or if a secret cannot be read; the log says why.
    """
    try:
        read_secrets(os.environ)
    except ServiceError as error:
        sys.exit(f"error: {error}")
    load_cli()(args)


def read_secrets(environ: MutableMapping[str, str]) -> None:
    """Replace settings that refer to a secret with its value.

    Raises:
        ServiceError: if one of them cannot be read.
    """
    references = find_references(environ, _REFERENCE)
    if not references:
        return
    try:
        token = _access_token(environ)
    except OSError as error:
        settings = ", ".join(references)
        raise ServiceError(
            f"{settings}: secrets can be read on App Engine only: the metadata server does not"
            f" respond ({error})"
        ) from error
    for setting, reference in references.items():
        name = f"projects/{environ['GOOGLE_CLOUD_PROJECT']}/secrets/{reference['name']}"
        version = f"{name}/versions/{reference['version'] or 'latest'}"
        url = f"{environ.get(_OVERRIDE, _SECRET_MANAGER)}v1/{version}:access"
        try:
            answer = _get(url, {"Authorization": f"Bearer {token}"})
        except HTTPError as error:
            remedy = _REMEDIES.get(error.code, "try again")
            raise ServiceError(
                f"{setting}: cannot read {name} (status {error.code}): {remedy}"
            ) from error
        except URLError as error:
            raise ServiceError(f"{setting}: cannot read {name}: {error.reason}") from error
        environ[setting] = base64.b64decode(answer["payload"]["data"]).decode().strip()


def _access_token(environ: MutableMapping[str, str]) -> str:
    """Of the service account; the variable is the one that Google's libraries know."""
    host = environ.get("GCE_METADATA_HOST", _METADATA)
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    return str(_get(url, {"Metadata-Flavor": "Google"})["access_token"])


def _get(url: str, headers: dict[str, str]) -> dict[str, dict[str, str]]:
    with urlopen(Request(url, headers=headers), timeout=_SECONDS) as response:
        answer: dict[str, dict[str, str]] = json.load(response)
        return answer
