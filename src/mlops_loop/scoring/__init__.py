"""Batch prediction: a CSV or Parquet input of any size, in memory that stays flat."""

from .run import Scored, score

__all__ = ["Scored", "score"]
