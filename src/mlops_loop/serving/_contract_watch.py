"""Notices that the contract's target changes while the service runs."""

from pathlib import Path

from ..contract import Contract
from ..contract._contract_file import load_contract
from ..errors import ContractError


class ContractWatch:
    """Compares the target of the contract file with that of the running service.

    Args:
        path: the contract file.
        contract: the contract that the service was started with.
    """

    def __init__(self, path: Path, contract: Contract) -> None:
        self._path = path
        self._contract = contract
        self._seen = self._stamp()
        self._reason = ""

    def other_target(self) -> str:
        """Why nothing may serve: the file has another target by now; empty if it has not."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen, self._reason = stamp, self._compared()
        return self._reason

    def _compared(self) -> str:
        try:
            now = load_contract(self._path)
        except ContractError:  # half-edited
            return self._reason
        if now.target_digest == self._contract.target_digest:
            return ""
        return (
            f"the contract's target was {self._contract.target_summary} when the service started, "
            f"and is {now.target_summary} now: restart the service"
        )

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
