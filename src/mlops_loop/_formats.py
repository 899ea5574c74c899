"""Format numbers of all documents that outlive the process that wrote them.

Every such document is a JSON object with its number under `format`, and is read by `Format.decode`
alone. A library refuses a number that it does not know, whichever version wrote it. Stores of rows
count by themselves: SQLite files and PostgreSQL their migrations, Redis its layout.

To change a document: raise its number here, and give the function that turns a document of the
number before into the new one, e.g. `Format("…", 2, …, older={1: with_owner})`. Change names of
keys or their meaning only in this way; a new key with a default needs no new number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from .errors import (
    BundleError,
    DamagedBundleError,
    InputError,
    ProjectError,
    RegistryError,
    ServiceError,
    SnapshotError,
    StoreError,
)

T = TypeVar("T")
Document = dict[str, Any]

KEY = "format"


@dataclass(frozen=True, eq=False)
class Format:
    """How one kind of document is written and read.

    Attributes:
        name: name of the document in messages.
        number: number of the format that this library writes.
        error: raised for a document that cannot be read.
        remedy: how to replace a document that is damaged or too old.
        older: migrations to the next format number, by number.
    """

    name: str
    number: int
    error: type[ProjectError]
    remedy: str
    older: Mapping[int, Callable[[Document], Document]] = field(default_factory=dict)

    def encode(self, value: object, *, indent: int = 0) -> bytes:
        """A value that msgspec turns into a JSON object, as one with the format number."""
        encoded = msgspec.json.encode({KEY: self.number, **msgspec.to_builtins(value)})
        return msgspec.json.format(encoded, indent=indent) if indent else encoded

    def decode(self, content: str | bytes, kind: type[T], origin: object) -> T:
        """The value in a document.

        Args:
            content: the result of `encode`, in this or another version of the library.
            kind: type of the value.
            origin: location of the document in messages, e.g. its path.

        Raises:
            ProjectError: `error`, if the format is not known, or the document is damaged.
        """
        try:
            document = self.upgraded(msgspec.json.decode(content, type=Document), origin)
            return msgspec.convert(document, kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self.error(
                f"{origin} cannot be read as {self.name} ({error}): {self.remedy}"
            ) from error

    def is_document(self, content: bytes) -> bool:
        """Whether this is a document with a number, of this or of another version."""
        try:
            return isinstance(msgspec.json.decode(content, type=Document).get(KEY), int)
        except (msgspec.MsgspecError, RecursionError):
            return False

    def upgraded(self, document: Document, origin: object) -> Document:
        """An object in the format of this library, without the number.

        Raises:
            ProjectError: `error`, if the format is not known.
        """
        number = document.get(KEY)
        if not isinstance(number, int):
            raise self.error(f"{origin} is not {self.name}: it has no format number; {self.remedy}")
        if number > self.number:
            raise self.error(
                f"{origin} has format {number} of {self.name}, and this library reads up to "
                f"{self.number}: upgrade the library with `make upgrade WHEEL=…`"
            )
        while number < self.number:
            if number not in self.older:
                raise self.error(
                    f"{origin} has format {number} of {self.name}, which this library no longer "
                    f"reads (it reads {min([self.number, *self.older])}): {self.remedy}"
                )
            document = self.older[number](document)
            number += 1
        return {key: value for key, value in document.items() if key != KEY}


def _in_onnx(manifest: Document) -> Document:
    """Of format 1, which knew no other form of a model."""
    return {**manifest, "form": "onnx"}


# What serves.
REPUBLISH = "run `doctor`, which publishes the version again from the registry"
BUNDLE = Format("a bundle manifest", 2, DamagedBundleError, REPUBLISH, older={1: _in_onnx})
# Part of the digest of the features: raised too when the same columns give other numbers.
ENCODER = Format("an encoder", 2, BundleError, "train a new version")
POINTER = Format(
    "a pointer", 1, BundleError, "run `doctor`, which writes it again from the audit log"
)
API_KEYS = Format(
    "a file of API keys",
    1,
    ServiceError,
    "restore the file, or delete it and create new keys with `key create NAME`",
)

# What stages hand to each other, and leave in their run.
SNAPSHOT = Format("a description of a snapshot", 1, SnapshotError, "run `ingest` again")
REFERENCE = Format("a reference", 1, InputError, "run the stage before this one again")
EXPORTED_MODEL = Format("a description of an exported model", 1, RegistryError, "run `fit` again")
LEADERBOARD = Format("a leaderboard", 1, RegistryError, "run `train` again")
EVALUATION = Format("an evaluation", 1, RegistryError, "run `evaluate` again")
GATE_RESULT = Format("a decision of the gate", 1, RegistryError, "run `evaluate` again")
VERSION = Format("a registered version", 1, RegistryError, "run `register` again")
MODEL_CARD = Format("a model card", 1, RegistryError, "train a new version")

# What steps of the loop, monitoring and scoring leave for the next.
LOOP_STATE = Format("the state of the loop", 1, StoreError, "delete it, and the loop starts over")
LEASE = Format("the lease of the loop", 1, StoreError, "delete it when no loop is running")
AUDIT_EVENT = Format("a line of the audit log", 1, StoreError, "move the file elsewhere")
MONITORING_STATUS = Format("a status of monitoring", 1, StoreError, "run `monitor` again")
ACTIVE_ALERTS = Format("a list of active alerts", 1, StoreError, "delete the file")
STORED_ALERT = Format("an alert", 1, StoreError, "delete the file")
SCORING_JOB = Format(
    "a job of batch scoring", 1, InputError, "delete the folder, and all rows are scored again"
)
