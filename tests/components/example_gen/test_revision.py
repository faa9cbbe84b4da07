from dataclasses import replace

import pytest

from components.example_gen.checks import RecordRules
from components.example_gen.partition import Partition, RecordOutcome
from components.example_gen.revision import find_conflicts, revise_outcomes
from data.features import UNCHANGED

PARTITION = Partition({"train": 1, "test": 1}, "", RecordRules(["daisy", "roses"], 9, UNCHANGED))


def valid(index: int, image_hash: int, label: str = "daisy", digest: bytes = b"") -> RecordOutcome:
    split = PARTITION.split_of(image_hash.to_bytes(8, "big"))
    digest = digest or bytes([index])
    return RecordOutcome("a", index, split, label, image_hash, digest=digest, given_label=label)


def test_each_record_of_an_image_with_different_labels_gets_the_reason():
    outcomes = [valid(0, 9, "roses", b"x"), valid(1, 9, digest=b"x"), valid(2, 9, digest=b"y")]
    revised = list(revise_outcomes(outcomes, PARTITION, group_near_duplicates=False))
    assert [(o.index, o.split, o.reason) for o in revised] == [
        (0, "", "identical images with different labels: daisy, roses"),
        (1, "", "identical images with different labels: daisy, roses"),
    ]


def test_the_label_of_an_invalid_record_counts_but_its_reason_stays():
    bad = RecordOutcome("a", 0, reason="bad", digest=b"x", given_label="cactus")
    (revised,) = revise_outcomes([valid(1, 9, digest=b"x"), bad], PARTITION, False)
    assert revised.index == 1


@pytest.mark.parametrize("labels", [["daisy", "daisy"], ["daisy", None], [None, None]])
def test_the_same_label_or_none_is_no_contradiction(labels):
    outcomes = [replace(valid(0, 9, digest=b"x"), given_label=label) for label in labels]
    assert find_conflicts(outcomes) == {}


def test_all_labels_of_an_image_are_named():
    outcomes = [valid(0, 9, label, b"x") for label in ("b", "a", "b", "c")]
    assert find_conflicts(outcomes) == {b"x": "identical images with different labels: a, b, c"}


def test_only_near_duplicates_in_other_splits_change_and_only_if_they_are_grouped():
    first = 1 << 32
    hashes = [first, *(first | 1 << bit for bit in range(20))]
    outcomes = [valid(index, image_hash) for index, image_hash in enumerate(hashes)]
    others = [o.index for o in outcomes if o.split != outcomes[0].split]
    assert others
    revised = list(revise_outcomes(outcomes, PARTITION, group_near_duplicates=True))
    assert [o.index for o in revised] == others
    assert {o.split for o in revised} == {outcomes[0].split}
    assert [o.image_hash for o in revised] == [hashes[index] for index in others]
    assert list(revise_outcomes(outcomes, PARTITION, group_near_duplicates=False)) == []
