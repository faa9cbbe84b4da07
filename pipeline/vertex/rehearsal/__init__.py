"""Runs a compiled job locally, as Vertex AI Pipelines would: with the same commands."""
