"""Evaluator: TFMA's evaluation of the exported model on the test split."""
