"""The prediction log on SQL databases: one implementation for SQLite and PostgreSQL.

`tables.py` says what is stored, `queries.py` how it is read, `log.py` and `writer.py` how it is
written. What differs between the two databases is in `sqlite.py` and `postgresql.py`: addresses,
locks, the hot insert and the meaning of errors. Alembic owns the schema (`migrations/`).
"""
