"""What each step does: one folder a step, pure functions and a thin adapter for TFX."""
