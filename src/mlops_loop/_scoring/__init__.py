"""Batch scoring of CSV or Parquet input of any size, in bounded memory."""

from .run import Scored, score

__all__ = ["Scored", "score"]
