"""What each step of the pipeline does: one folder a step, pure functions and a thin adapter for TFX."""
