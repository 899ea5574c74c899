"""Pseudonyms of identifiers by a secret of the project: within it, always the same."""

import hmac
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_bytes

from ._atomic import atomic_write
from ._file_lock import file_lock
from .errors import StoreError

_BYTES = 32
# 64 bits: among a million identifiers, two have the same one with a chance of 3 in 100 million.
_DIGITS = 16


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms with HMAC-SHA256; without the file of the secret nobody can try names.

    Attributes:
        path: the file of the secret, which the first use creates; only its owner can read it.
    """

    path: Path

    def of(self, identifier: str) -> str:
        """16 hexadecimal digits.

        Raises:
            StoreError: if the file is damaged.
        """
        return hmac.digest(self._secret, identifier.encode(), "sha256").hex()[:_DIGITS]

    @cached_property
    def _secret(self) -> bytes:
        with file_lock(self.path.with_name(f".{self.path.name}.lock")):
            if not self.path.exists():
                with atomic_write(self.path) as draft:
                    draft.touch(mode=0o600)
                    draft.write_bytes(token_bytes(_BYTES))
            secret = self.path.read_bytes()
        if len(secret) != _BYTES:
            raise StoreError(
                f"{self.path} is damaged: restore it from a backup, or delete it, and the audit "
                "log and new versions get other pseudonyms than before"
            )
        return secret
