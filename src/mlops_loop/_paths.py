"""Where a project keeps what running it makes: every path below `var/`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Files and folders of one project.

    Attributes:
        root: the project's folder; `config/` lies in it.
    """

    root: Path

    @property
    def var(self) -> Path:
        """Everything below is made by running the project; git ignores it."""
        return self.root / "var"

    @property
    def audit_log(self) -> Path:
        return self.var / "audit_log.jsonl"

    @property
    def secret(self) -> Path:
        """Key of the pseudonyms that stand for identifiers."""
        return self.var / "secret.key"

    @property
    def transitions_lock(self) -> Path:
        return self.var / "transitions.lock"

    @property
    def registration_lock(self) -> Path:
        return self.var / "registration.lock"

    @property
    def ingestion_lock(self) -> Path:
        return self.var / "ingestion.lock"

    @property
    def snapshots(self) -> Path:
        return self.var / "snapshots"

    @property
    def quarantine(self) -> Path:
        return self.var / "quarantine"

    @property
    def archive(self) -> Path:
        """Labelled predictions that were pruned from the log."""
        return self.var / "archive"

    @property
    def backups(self) -> Path:
        """Configuration that `adopt` has replaced."""
        return self.var / "backups"

    @property
    def scoring(self) -> Path:
        """Finished parts of batch scoring, for a run that was interrupted."""
        return self.var / "scoring"

    @property
    def training(self) -> Path:
        """Encoded rows that do not fit into memory, while a training runs."""
        return self.var / "training"

    @property
    def ingestion(self) -> Path:
        """Partitions that an interrupted ingestion on an engine has checked."""
        return self.var / "ingestion"

    @property
    def bundle_copies(self) -> Path:
        """Copies of versions in a bundle store that is no folder; may be deleted."""
        return self.var / "bundle-copies"

    @property
    def references(self) -> Path:
        """Files that the stages of training pass on between commands."""
        return self.var / "stages"

    @property
    def reports(self) -> Path:
        return self.var / "reports"

    @property
    def model_cards(self) -> Path:
        return self.reports / "models"

    @property
    def loop_report(self) -> Path:
        return self.reports / "loop.html"

    @property
    def monitoring_status(self) -> Path:
        return self.reports / "monitor.json"

    @property
    def open_alerts(self) -> Path:
        return self.var / "alerts" / "open.json"

    @property
    def alert_outbox(self) -> Path:
        return self.var / "alerts" / "outbox"

    @property
    def service_log(self) -> Path:
        """Output of the service that `loop replay` starts."""
        return self.var / "service.log"
