"""Serving check: only a model that answers in a bare process as the network does may serve."""
