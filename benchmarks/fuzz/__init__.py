"""Hostile request bodies and tables, made by Hypothesis, for the decoder and the readers."""
