"""Trainer: the network, its input pipeline, its training, and the exported model."""
