"""Sources, ingestion with quarantine, content-addressed snapshots, splits."""
