"""What the project reads from TFX's StatisticsGen."""
