"""A table that nobody prepared becomes the project's own: contract, source and settings."""
