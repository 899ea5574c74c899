"""Servers of the prediction log on this machine, for development and tests.

`make store` runs one of them, e.g. `python -m mlops_loop.local_servers.redis`.
"""
