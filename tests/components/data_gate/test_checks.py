import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_gate.checks import find_data_problems
from data.ingestion_counts import BadRecord, IngestionCounts

CLASSES = ["daisy", "roses"]
GOOD = {"train": {"daisy": 50, "roses": 50}, "test": {"daisy": 1, "roses": 1}}


def test_good_data_has_no_problems():
    assert (
        find_data_problems(
            {"train": anomalies_pb2.Anomalies()}, IngestionCounts(splits=GOOD), CLASSES, 0
        )
        == []
    )


def test_an_anomaly_is_reported_with_split_and_feature():
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["label"].short_description = "Unexpected string values"
    found.anomaly_info["label"].description = "Examples contain 'cactus'."
    (line,) = find_data_problems({"eval": found}, IngestionCounts(splits=GOOD), CLASSES, 0)
    assert line == "eval: feature 'label': Unexpected string values. Examples contain 'cactus'."


def test_bad_records_are_tolerated_up_to_the_allowed_share():
    counts = IngestionCounts(splits=GOOD, quarantined={"broken": 2})
    assert find_data_problems({}, counts, CLASSES, 0.05) == []


def test_too_many_bad_records_are_reported_with_reasons_places_and_setting():
    bad = BadRecord(shard="a.tfrec", index=7, reason="broken")
    counts = IngestionCounts(splits=GOOD, quarantined={"broken": 2}, first_bad=[bad])
    text = "\n".join(find_data_problems({}, counts, CLASSES, 0.01))
    assert "2 of 104 records are bad (1.9%); data.max_bad_fraction allows 1.0%" in text
    assert "2 x broken" in text
    assert "a.tfrec record 7: broken" in text


@pytest.mark.parametrize(
    ("salt", "advice"), [("7", "--set data.split_salt=7"), (None, "add images")]
)
def test_a_class_missing_from_a_split_suggests_a_salt_that_was_found(salt, advice):
    counts = IngestionCounts(splits={**GOOD, "test": {"daisy": 2}}, better_salt=salt)
    first, second = find_data_problems({}, counts, CLASSES, 0)
    assert first == "test: no example of roses"
    assert advice in second


def test_a_new_class_is_reported_with_the_option_that_accepts_it():
    train = {**GOOD["train"], "cactus": 3}
    first, second = find_data_problems(
        {}, IngestionCounts(splits={**GOOD, "train": train}), CLASSES, 0
    )
    assert first == "new class cactus, id 2: 3 examples"
    assert """--set data.classes='["daisy", "roses", "cactus"]'""" in second


def test_for_a_class_without_records_no_salt_is_suggested():
    (line,) = find_data_problems({}, IngestionCounts(splits=GOOD), [*CLASSES, "tulips"], 0)
    assert line == "no record has class tulips; list only existing classes in data.classes"


def test_files_without_records_are_a_problem():
    assert find_data_problems({}, IngestionCounts(splits={"train": {}}), CLASSES, 0.01)


def test_new_classes_are_listed_by_id_and_their_ids_must_be_consecutive():
    train = {**GOOD["train"], "aster": 3, "zinnia": 4}
    counts = IngestionCounts(splits={"train": train}, class_ids={"zinnia": 2, "aster": 3})
    *_, advice = find_data_problems({}, counts, CLASSES, 0)
    assert """data.classes='["daisy", "roses", "zinnia", "aster"]'""" in advice
    gap = counts.model_copy(update={"class_ids": {"zinnia": 2, "aster": 9}})
    *_, advice = find_data_problems({}, gap, CLASSES, 0)
    assert advice == "their ids must continue those of the 2 known classes"
