"""The report of a replay: built from the log and the audit log, drawn as one page."""
