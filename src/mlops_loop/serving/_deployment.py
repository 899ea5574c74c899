"""What serves at one moment: the champion, perhaps a challenger, and how they share traffic."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Literal

import numpy as np
import structlog

from .._predictor import Predictor
from .._publication import Role
from .._traffic_split import bucket
from ..contract._columns import Columns, take
from ..contract._decoder import Decoder
from ..contract._json_schema import class_names
from ..contract._model import Contract, UnknownFields
from ..errors import PredictionError
from ..prediction_log._records import Output, Scalar

logger: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True)
class ServedVersion:
    """A model version in service, and its role: the `variant` of responses and of the log."""

    role: Role
    predictor: Predictor

    @property
    def version(self) -> str:
        return self.predictor.manifest.version

    def prediction_bucket(self, prediction: Scalar) -> str:
        """The metric label of a prediction: its class, or the decile of a number.

        Deciles are those of the predictions on the held-out rows: `30%` is above the second and
        up to the third of them.
        """
        if self.predictor.contract.classes:
            return str(prediction).lower() if isinstance(prediction, bool) else str(prediction)
        deciles = self.predictor.manifest.prediction_deciles
        if not deciles or not isinstance(prediction, float):
            return "any"
        return f"{10 * (1 + bisect_left(deciles, prediction))}%"

    def outputs(self, columns: Columns, *, served: bool, timed: bool = True) -> list[Output]:
        """One output a row, with the time that all of them took if `timed`.

        Raises:
            PredictionError: if a prediction is not finite.
        """
        started = perf_counter()
        prediction = self.predictor.predict(columns)
        seconds = round(perf_counter() - started, 6) if timed else None
        version, values = self.version, prediction.values
        scores = values if prediction.probabilities is None else prediction.probabilities
        if not np.isfinite(scores).all():
            raise PredictionError(
                f"version {version} gives no finite prediction: a value is far outside the range"
                " of the training data"
            )
        if prediction.probabilities is None:
            return [Output(version, self.role, served, value, None, seconds) for value in values]
        listed = prediction.probabilities.tolist()
        return [
            Output(version, self.role, served, value, probabilities, seconds)
            for value, probabilities in zip(values, listed, strict=True)
        ]


@dataclass(frozen=True)
class Deployment:
    """The versions that serve. Immutable: a request ends with the deployment it began with.

    Attributes:
        challenger: the version on trial, or the previous champion during a probation.
        probation: whether it is the previous champion.
    """

    champion: ServedVersion
    challenger: ServedVersion | None = None
    mode: Literal["shadow", "split"] = "shadow"
    share: float = 0.0
    unknown_fields: UnknownFields = "reject"
    probation: bool = False

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
    def versions(self) -> list[ServedVersion]:
        """All that serve, the champion first."""
        return [self.champion, *([self.challenger] if self.challenger else ())]

    def in_role(self, role: str) -> ServedVersion:
        """The version in a role."""
        return self.versions[-1] if role == "challenger" else self.champion

    def predict(self, columns: Columns, keys: Sequence[str]) -> list[tuple[Output, ...]]:
        """Outputs of each row; the first of them is the one to serve.

        Args:
            columns: rows that the contract has accepted.
            keys: one key per row; in a split the same key always gets the same variant.
        """
        if self.challenger is None:
            outputs = self.champion.outputs(columns, served=True, timed=False)
            return [(output,) for output in outputs]
        if self.mode == "split":
            return self._split(columns, keys, self.challenger)
        served = self.champion.outputs(columns, served=True)
        shadow = self._predict_or_none(self.challenger, columns, served=False)
        if shadow is None:
            return [(output,) for output in served]
        return list(zip(served, shadow, strict=True))

    def _predict_or_none(
        self, challenger: ServedVersion, columns: Columns, *, served: bool
    ) -> list[Output] | None:
        """None where it fails: a challenger must not cost the caller a prediction."""
        try:
            return challenger.outputs(columns, served=served)
        except Exception:
            logger.exception("the challenger failed", version=challenger.version)
            return None

    def _split(
        self, columns: Columns, keys: Sequence[str], challenger: ServedVersion
    ) -> list[tuple[Output, ...]]:
        drawn = np.array([bucket(key, challenger.version) < self.share for key in keys])
        outputs: list[tuple[Output, ...]] = [()] * len(keys)
        for version, mask in ((self.champion, ~drawn), (challenger, drawn)):
            rows = np.flatnonzero(mask)
            if not len(rows):
                continue
            part = columns if len(rows) == len(keys) else take(columns, rows)
            predicted = None
            if version is challenger:
                predicted = self._predict_or_none(challenger, part, served=True)
            predicted = predicted or self.champion.outputs(part, served=True)
            for row, output in zip(rows, predicted, strict=True):
                outputs[row] = (output,)
        return outputs
