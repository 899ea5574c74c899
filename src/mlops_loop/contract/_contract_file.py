"""A contract read from YAML."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .._yaml_file import YamlError, parse_yaml
from ..errors import ContractError
from ._model import Contract


def parse_contract(text: str, origin: str = "contract") -> Contract:
    """Build a contract from YAML.

    Args:
        text: the YAML.
        origin: its name in error messages.

    Raises:
        ContractError: if it is invalid; the message names the file and the key.

    Examples:
        >>> parse_contract("columns: {}")
        Traceback (most recent call last):
        ...
        mlops_loop.errors.ContractError: contract: problem: Field required
    """
    try:
        raw = parse_yaml(text)
    except YamlError as error:
        raise ContractError(f"{origin} is not valid YAML: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), dict):
        raise ContractError(f"{origin} needs the keys problem, label_horizon and columns")
    columns = [_with_name(name, body, origin) for name, body in raw["columns"].items()]
    try:
        return Contract.model_validate({**raw, "columns": columns, "text": text})
    except ValidationError as error:
        raise ContractError(f"{origin}: {_first_problem(error, columns)}") from error


def load_contract(path: Path) -> Contract:
    """Read a contract file.

    Raises:
        ContractError: if there is no such file, or as `parse_contract`.

    Examples:
        >>> load_contract(project.root / "config/contract.yaml").digest == project.contract.digest
        True
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ContractError(
            f"no contract at {path}: run the command in the project's folder"
        ) from error
    return parse_contract(text, str(path))


def _with_name(name: object, body: object, origin: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ContractError(f"{origin}: column {name} needs at least a type")
    return {**body, "name": str(name)}


def _first_problem(error: ValidationError, columns: list[dict[str, Any]]) -> str:
    first = error.errors()[0]
    location = list(first["loc"])
    if len(location) > 1 and location[0] == "columns" and isinstance(location[1], int):
        location[1] = columns[location[1]]["name"]
    key = ".".join(str(part) for part in location)
    return f"{key}: {first['msg']}" if key else first["msg"]
