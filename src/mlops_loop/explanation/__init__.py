"""Why a model answers as it does: what each column adds to a prediction."""
