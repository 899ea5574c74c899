"""Explanations of predictions: Shapley values of columns."""
