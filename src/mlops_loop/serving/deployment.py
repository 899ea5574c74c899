"""What serves at one moment: the champion, perhaps a challenger, and how they share the work."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Literal

import numpy as np
import structlog

from ..contract.columns import Columns, take
from ..contract.decoder import Decoder
from ..contract.json_schema import class_names
from ..contract.model import Contract, UnknownFields
from ..prediction_log.records import Output, Scalar
from ..predictor import Predictor
from .identifiers import fraction
from .problem import Problem

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

Role = Literal["champion", "challenger"]


@dataclass(frozen=True)
class Variant:
    """One model in the role it plays."""

    role: Role
    predictor: Predictor

    @property
    def version(self) -> str:
        return self.predictor.manifest.version

    def kind(self, prediction: Scalar) -> str:
        """What a prediction counts as: its class; or as a number, which tenth of those held out.

        As `30%` counts what is more than a fifth, and not more than three tenths, of them.
        """
        if self.predictor.contract.classes:
            return str(prediction).lower() if isinstance(prediction, bool) else str(prediction)
        prediction_deciles = self.predictor.manifest.prediction_deciles
        if not prediction_deciles or not isinstance(prediction, float):
            return "any"
        return f"{10 * (1 + bisect_left(prediction_deciles, prediction))}%"

    def outputs(self, columns: Columns, *, served: bool, timed: bool = True) -> list[Output]:
        """One output a row, with the time of all of them if `timed`.

        Raises:
            Problem: 422 if the model has no answer, for that is what NaN and infinity are.
        """
        started = perf_counter()
        prediction = self.predictor.predict(columns)
        seconds = round(perf_counter() - started, 6) if timed else None
        version, values = self.version, prediction.values
        said = values if prediction.probabilities is None else prediction.probabilities
        if not np.isfinite(said).all():
            raise Problem(
                422,
                f"version {version} has no finite answer: a value is out of all proportion to"
                " those it was trained on",
            )
        if prediction.probabilities is None:
            return [Output(version, self.role, served, value, None, seconds) for value in values]
        shares = prediction.probabilities.tolist()
        return [
            Output(version, self.role, served, value, share, seconds)
            for value, share in zip(values, shares, strict=True)
        ]


@dataclass(frozen=True)
class Deployment:
    """Immutable: a request that began with one ends with it, whatever is published meanwhile."""

    champion: Variant
    challenger: Variant | None = None
    mode: Literal["shadow", "split"] = "shadow"
    share: float = 0.0
    unknown_fields: UnknownFields = "reject"

    @property
    def contract(self) -> Contract:
        return self.champion.predictor.contract

    @cached_property
    def decoder(self) -> Decoder:
        return Decoder(self.contract, self.unknown_fields)

    @cached_property
    def class_names(self) -> list[str]:
        return class_names(self.contract)

    @property
    def variants(self) -> list[Variant]:
        """All that serve, the champion first."""
        return [self.champion, *([self.challenger] if self.challenger else ())]

    def variant(self, role: str) -> Variant:
        """The one that plays a role."""
        return self.variants[-1] if role == "challenger" else self.champion

    def predict(self, columns: Columns, keys: Sequence[str]) -> list[tuple[Output, ...]]:
        """Outputs of each row; the first of them is the one to serve.

        Args:
            columns: rows that the contract has accepted.
            keys: one a row; in a split the same key always meets the same variant.
        """
        if self.challenger is None:
            alone = self.champion.outputs(columns, served=True, timed=False)
            return [(output,) for output in alone]
        if self.mode == "split":
            return self._split(columns, keys, self.challenger)
        served = self.champion.outputs(columns, served=True)
        shadow = self._tried(self.challenger, columns, served=False)
        if shadow is None:
            return [(output,) for output in served]
        return list(zip(served, shadow, strict=True))

    def _tried(self, challenger: Variant, columns: Columns, *, served: bool) -> list[Output] | None:
        """None where it fails: a model on trial must not cost the caller an answer."""
        try:
            return challenger.outputs(columns, served=served)
        except Exception:
            logger.exception("the challenger failed", version=challenger.version)
            return None

    def _split(
        self, columns: Columns, keys: Sequence[str], challenger: Variant
    ) -> list[tuple[Output, ...]]:
        drawn = np.array([fraction(key, challenger.version) < self.share for key in keys])
        found: list[tuple[Output, ...]] = [()] * len(keys)
        for variant, mask in ((self.champion, ~drawn), (challenger, drawn)):
            rows = np.flatnonzero(mask)
            if not len(rows):
                continue
            part = columns if len(rows) == len(keys) else take(columns, rows)
            tried = self._tried(challenger, part, served=True) if variant is challenger else None
            outputs = tried or self.champion.outputs(part, served=True)
            for row, output in zip(rows, outputs, strict=True):
                found[row] = (output,)
        return found
