"""Rendered projects on their deployment targets: each is run and asked by the same suite.

A target is a module with a function `started(project, key)`, a context manager that yields the URL
of the service; `tools/targets.py` lists them.
"""
