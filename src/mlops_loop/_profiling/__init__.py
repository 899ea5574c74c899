"""Profiling of a table for `adopt`: infers the contract, the source and the settings."""
