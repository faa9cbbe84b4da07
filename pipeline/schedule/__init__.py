"""Periodic retraining on one machine."""
