"""Searches of settings, as they are asked for on this machine and compiled for Vertex AI."""
