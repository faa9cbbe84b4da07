"""The data gate: stops the run on anomalies, too many bad records, missing classes or drift."""
