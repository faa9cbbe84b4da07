"""The gate: only a model that reaches the target is blessed, and the verdict says why."""
