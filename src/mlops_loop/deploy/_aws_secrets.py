"""Settings whose values are in AWS Secrets Manager or in the Parameter Store of Systems Manager."""

import re
from collections.abc import Callable, MutableMapping
from typing import Any

from ..errors import ServiceError
from ._secret_references import find_references

_SECONDS = 3
_ARN = re.compile(
    r"arn:aws[\w-]*:(?P<service>secretsmanager|ssm):(?P<region>[\w-]+):\d*:"
    r"(?:secret:|parameter/)(?P<name>\S+)"
)
_REMEDIES = {
    "AccessDeniedException": "allow the execution role to read it, and to decrypt with its key",
    "ParameterNotFound": "create it, or correct the reference",
    "ResourceNotFoundException": (
        "give it a value with `aws secretsmanager put-secret-value`, or correct the reference"
    ),
}

ClientFactory = Callable[[str, str], Any]


def new_client(service: str, region: str) -> Any:
    """A client that gives up within the ten seconds that a function has to start."""
    # Imported where a setting refers to a secret: half a second of a cold start.
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 2}
    )
    return get_session().create_client(service, region_name=region, config=config)


def read_references(
    environ: MutableMapping[str, str], client_factory: ClientFactory = new_client
) -> None:
    """Replace settings that are the ARN of a secret or a parameter with its value.

    Raises:
        ServiceError: if one of them cannot be read.
    """
    for setting, reference in find_references(environ, _ARN).items():
        environ[setting] = _read(setting, reference, client_factory)


def _read(setting: str, reference: re.Match[str], client_factory: ClientFactory) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = client_factory(reference["service"], reference["region"])
        if reference["service"] == "ssm":
            # The ARN does not show whether a name without folders starts with a slash.
            name = f"/{reference['name']}" if "/" in reference["name"] else reference["name"]
            found = client.get_parameter(Name=name, WithDecryption=True)
            return str(found["Parameter"]["Value"])
        found = client.get_secret_value(SecretId=reference[0])
        return str(found["SecretString"])
    except KeyError as error:
        raise ServiceError(f"{setting}: the secret {reference[0]} is binary: store text") from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        remedy = _REMEDIES.get(code, "try again")
        raise ServiceError(f"{setting}: cannot read {reference[0]} ({code}): {remedy}") from error
    except BotoCoreError as error:
        raise ServiceError(
            f"{setting}: cannot reach the store of {reference[0]}: {error}; in a VPC it"
            " needs an endpoint of that service, or a NAT gateway"
        ) from error
