import pytest

from data.common.errors import CountMismatch
from data.ingestion_counts import IngestionCounts, check_examples


def test_the_records_read_are_those_in_splits_and_quarantine():
    counts = IngestionCounts(
        splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1}}, quarantined={"bad": 4}
    )
    assert counts.by_split() == {"train": 5, "test": 1}
    assert counts.bad == 4
    assert counts.read == 10


def test_classes_missing_from_a_split_are_named():
    counts = IngestionCounts(
        splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1, "roses": 0}}
    )
    assert counts.missing_classes(["daisy", "roses"]) == {"test": ["roses"]}


def test_classes_are_counted_over_all_splits():
    counts = IngestionCounts(splits={"train": {"a": 3, "c": 2}, "test": {"c": 1}})
    assert counts.by_class() == {"a": 3, "c": 3}


def test_a_step_must_see_the_examples_that_were_written():
    counts = IngestionCounts(splits={"train": {"a": 3}, "test": {"a": 1}})
    check_examples("Evaluator", {"test": 1}, counts.by_split())
    with pytest.raises(CountMismatch, match="wrote 3 train examples, and Trainer saw 2"):
        check_examples("Trainer", {"train": 2}, counts.by_split())
