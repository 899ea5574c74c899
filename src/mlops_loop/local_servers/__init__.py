"""Servers on this machine, for development and tests: of the prediction log, and Airflow.

`make store` and `make airflow` run them, e.g. as `python -m mlops_loop.local_servers.redis`.
"""
