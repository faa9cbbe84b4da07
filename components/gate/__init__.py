"""The gate: blesses a model that meets all rules, and explains its verdict."""
