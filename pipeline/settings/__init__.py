"""The settings: one model for each section."""
