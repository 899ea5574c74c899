"""Train, serve, watch and retrain one model; see README.md for the commands."""
