"""Commands that look at the machine and at the data."""
