from data.counts import Counts


def test_what_was_read_is_what_is_in_the_splits_and_what_was_set_aside():
    counts = Counts(
        splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1}}, quarantined={"bad": 4}
    )
    assert counts.by_split() == {"train": 5, "test": 1}
    assert counts.bad == 4
    assert counts.read == 10


def test_classes_missing_from_a_split_are_named():
    counts = Counts(splits={"train": {"daisy": 3, "roses": 2}, "test": {"daisy": 1, "roses": 0}})
    assert counts.missing_classes(["daisy", "roses"]) == {"test": ["roses"]}
