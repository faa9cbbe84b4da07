"""Evaluator: TFMA's measures of the model that serves, on the test split."""
