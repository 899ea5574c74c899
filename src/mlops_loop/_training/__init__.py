"""From the rows of a snapshot to an exported model: what `fit` does, step by step."""
