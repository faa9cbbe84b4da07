"""Predictions for many images, through Beam: `flowers predict-batch`."""
