"""The model card: purpose, data, metrics and limits of a version."""
