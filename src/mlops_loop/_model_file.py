"""The file of a bundle that holds the model, in one of two forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# The ending of the file: an ONNX graph, or a scikit-learn estimator in the format of skops.
Form = Literal["onnx", "skops"]
FORMS: tuple[Form, ...] = ("onnx", "skops")


@dataclass(frozen=True)
class ModelFile:
    """A model as it is stored.

    Attributes:
        content: the bytes of the file.
        form: what they are.
        types: names of the types in a skops file, beyond those that skops trusts by itself.
    """

    content: bytes
    form: Form = "onnx"
    types: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return file_name(self.form)


def file_name(form: Form) -> str:
    """Name of the file in a bundle and among the artifacts of a run."""
    return f"model.{form}"


def model_digest(digests: Mapping[str, str]) -> str:
    """The digest of the model among the digests of files; empty if there is none."""
    return next((digests[name] for name in map(file_name, FORMS) if name in digests), "")
