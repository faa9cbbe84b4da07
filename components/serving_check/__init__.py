"""The serving check: a model must answer in a separate process exactly as its network does."""
