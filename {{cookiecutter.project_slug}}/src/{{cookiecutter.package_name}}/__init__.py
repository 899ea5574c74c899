"""Learn from data, serve predictions, monitor them and retrain."""
