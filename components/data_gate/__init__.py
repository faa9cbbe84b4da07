"""The data gate: stops the run on anomalies, too many bad records, or a split without a class."""
