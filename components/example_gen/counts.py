"""Reads ExampleGen's counts; the steps that check them need no Beam for it."""

from components.artifacts import read_bytes
from data.ingestion_counts import COUNTS_FILE, IngestionCounts


def read_counts(quarantine_uri: str) -> IngestionCounts:
    """Returns the counts in ExampleGen's quarantine artifact."""
    return IngestionCounts.model_validate_json(read_bytes(quarantine_uri, COUNTS_FILE))
