"""A window of predictions and its reference, which checks are called with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from .._bundle import Bundle
from .._clock import Clock
from .._settings import Settings
from ..contract import Contract
from ..prediction_log import LoggedRow, PredictionLog
from ._monitoring_report import Window
from ._options import DEFAULT_OPTIONS, MonitoringOptions

if TYPE_CHECKING:
    import pandas as pd

    from ..contract._violations import Checked
    from ..evaluation._metric import Metric
    from ._samples import Sample


@dataclass(frozen=True)
class MonitoringWindow:
    """A window of predictions, and the rows that it is compared with.

    Rows are uniform samples of at most `monitoring.sample_rows`. They are read when a check needs
    them, and only once.

    Attributes:
        settings: settings of the project.
        contract: types and roles of the columns.
        log: the predictions and their labels.
        bundle: the model version that is monitored.
        clock: the current time.
        period: interval of the window, and its number of rows.
        options: options of this run.

    Examples:
        >>> def check_missing_price(window: MonitoringWindow) -> list[Finding]:
        ...     share = window.current["price"].isna().mean()
        ...     before = window.reference["price"].isna().mean()
        ...     text = f"price is missing in {share:.1%} of the rows, {before:.1%} before"
        ...     return [Finding("price", text)] if share > 2 * before else []
    """

    settings: Settings
    contract: Contract
    log: PredictionLog
    bundle: Bundle
    clock: Clock
    period: Window
    options: MonitoringOptions = DEFAULT_OPTIONS

    @cached_property
    def current(self) -> "pd.DataFrame":
        """The predictions of the window.

        Its columns are the inputs of the contract, `prediction` and, for classification, one
        `probability_…` for each class. Booleans are 0 and 1, missing values NaN, None or NaT; rows
        that the version did not predict have no prediction.
        """
        return self._frame(self.sample)

    @cached_property
    def reference(self) -> "pd.DataFrame":
        """The rows that the window is compared with (`monitoring.reference`): the same columns.

        Held-out rows have neither the id nor texts that no feature reads, and pseudonyms for a
        group.
        """
        return self._frame(self.reference_sample)

    @cached_property
    def labelled(self) -> "pd.DataFrame":
        """Labelled rows of the latest period of the window's length that has its labels.

        It ends the label horizon ago, or with the window if that was earlier. The same columns,
        and the contract's target.
        """
        return self._frame(self.labelled_sample)

    @property
    def version(self) -> str:
        """The model version that is monitored."""
        return self.bundle.manifest.version

    @property
    def metric(self) -> "Metric":
        """The metric of the performance."""
        if self.options.metric is not None:
            return self.options.metric.for_problem(self.contract.problem)
        from ..evaluation._metrics import metric_of_model

        return metric_of_model(self.bundle.manifest.metric, self.contract.problem)

    @property
    def name(self) -> str:
        """The name of its reports, without a file extension."""
        version = f"-version-{self.version}" if self.options.version_only else ""
        return f"{self.period.name}{version}"

    @property
    def mature_until(self) -> datetime:
        """The end of the event times whose labels are known by now."""
        return min(self.period.until, self.clock.now() - self.contract.label_horizon)

    @property
    def mature_since(self) -> datetime:
        """The beginning of as long a period that ends there.

        Periods of consecutive windows follow each other without a gap, however long labels take.
        """
        return self.mature_until - (self.period.until - self.period.since)

    @cached_property
    def logged(self) -> Sequence[LoggedRow]:
        """The sampled rows as they were logged."""
        limit = self.settings.monitoring.sample_rows
        version = self.version if self.options.version_only else None
        return self.log.sample(self.period.since, self.period.until, limit, version=version)

    @cached_property
    def checked(self) -> "Checked":
        """The sampled rows checked against the contract."""
        from ._samples import check_window

        return check_window(self.contract, self.logged)

    @cached_property
    def sample(self) -> "Sample":
        """The sampled rows with the version's scores."""
        from ._samples import window_sample

        return window_sample(self.contract, self.logged, self.checked.columns, self.version)

    @cached_property
    def holdout(self) -> "Sample":
        """The version's held-out rows."""
        from ._samples import reference_sample

        limit = self.settings.monitoring.sample_rows
        return reference_sample(self.contract, self.bundle, limit, self.settings.seed)

    @cached_property
    def labelled_sample(self) -> "Sample":
        """The rows of `labelled`, with the version's scores."""
        from ._performance import labelled_rows

        return labelled_rows(
            self.settings,
            self.contract,
            self.log,
            self.mature_since,
            self.mature_until,
            self.version,
        )

    @cached_property
    def mature(self) -> Sequence[LoggedRow]:
        """Rows of the same period with or without a label, as they were logged."""
        limit = self.settings.monitoring.sample_rows
        return self.log.sample(self.mature_since, self.mature_until, limit, version=self.version)

    @property
    def reference_sample(self) -> "Sample":
        """The rows that the window is compared with."""
        return self._reference[0]

    @property
    def reference_notes(self) -> tuple[str, ...]:
        """A sentence if the holdout stands in for the reference of the settings."""
        return self._reference[1]

    @cached_property
    def _reference(self) -> "tuple[Sample, tuple[str, ...]]":
        from ._reference import find_reference

        return find_reference(
            self.settings, self.contract, self.log, self.holdout, self.version, self.period
        )

    def _frame(self, sample: "Sample") -> "pd.DataFrame":
        from ._samples import to_frame

        return to_frame(self.contract, sample, self.bundle.manifest.threshold)
