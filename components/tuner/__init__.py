"""Tuner: trains with several settings, and finds those that are best on eval."""
