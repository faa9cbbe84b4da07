import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.data_gate.checks import find_data_problems, find_small_train
from data.ingestion_counts import BadRecord, IngestionCounts

CLASSES = ["daisy", "roses"]
GOOD = {"train": {"daisy": 50, "roses": 50}, "test": {"daisy": 1, "roses": 1}}


def test_good_data_has_no_problems():
    assert (
        find_data_problems(
            {"train": anomalies_pb2.Anomalies()}, IngestionCounts(splits=GOOD), CLASSES, 0, 0
        )
        == []
    )


def test_an_anomaly_is_reported_with_split_and_feature():
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["label"].short_description = "Unexpected string values"
    found.anomaly_info["label"].description = "Examples contain 'cactus'."
    (line,) = find_data_problems({"eval": found}, IngestionCounts(splits=GOOD), CLASSES, 0, 0)
    assert line == "eval: feature 'label': Unexpected string values. Examples contain 'cactus'."


def test_bad_records_are_tolerated_up_to_the_allowed_share():
    counts = IngestionCounts(splits=GOOD, quarantined={"broken": 2})
    assert find_data_problems({}, counts, CLASSES, 0.05, 0) == []


def test_too_many_bad_records_are_reported_with_reasons_places_and_setting():
    bad = BadRecord(shard="a.tfrec", index=7, reason="broken", source="roses/7.jpg")
    counts = IngestionCounts(splits=GOOD, quarantined={"broken": 2}, first_bad=[bad])
    text = "\n".join(find_data_problems({}, counts, CLASSES, 0.01, 0))
    assert "2 of 104 records are bad (1.9%); data.max_bad_fraction allows 1.0%" in text
    assert "2 x broken" in text
    assert "a.tfrec record 7 (roses/7.jpg): broken" in text
    assert "flowers data quarantine --root ROOT --export DIR" in text


@pytest.mark.parametrize(
    ("salt", "advice"), [("7", "--set data.split_salt=7"), (None, "add images")]
)
def test_a_class_missing_from_a_split_suggests_a_salt_that_was_found(salt, advice):
    counts = IngestionCounts(splits={**GOOD, "test": {"daisy": 2}}, better_salt=salt)
    first, second = find_data_problems({}, counts, CLASSES, 0, 0)
    assert first == "test: no example of roses"
    assert advice in second


def test_a_new_class_is_reported_with_the_option_that_accepts_it():
    train = {**GOOD["train"], "cactus": 3}
    first, second = find_data_problems(
        {}, IngestionCounts(splits={**GOOD, "train": train}), CLASSES, 0, 0
    )
    assert first == "new class cactus, id 2: 3 examples"
    assert """--set data.classes='["daisy", "roses", "cactus"]'""" in second


def test_for_a_class_without_records_no_salt_is_suggested():
    line, advice = find_data_problems({}, IngestionCounts(splits=GOOD), [*CLASSES, "tulips"], 0, 0)
    assert line == "no record has class tulips"
    assert "list only existing classes in data.classes" in advice


def test_files_without_records_are_a_problem():
    assert find_data_problems({}, IngestionCounts(splits={"train": {}}), CLASSES, 0.01, 0)


def test_new_classes_are_listed_by_id_and_their_ids_must_be_consecutive():
    train = {**GOOD["train"], "aster": 3, "zinnia": 4}
    counts = IngestionCounts(splits={"train": train}, class_ids={"zinnia": 2, "aster": 3})
    *_, advice = find_data_problems({}, counts, CLASSES, 0, 0)
    assert """data.classes='["daisy", "roses", "zinnia", "aster"]'""" in advice
    gap = counts.model_copy(update={"class_ids": {"zinnia": 2, "aster": 9}})
    *_, advice = find_data_problems({}, gap, CLASSES, 0, 0)
    assert advice == "their ids must continue those of the 2 known classes"


def anomaly(*kinds: str) -> anomalies_pb2.AnomalyInfo:
    reasons = [
        anomalies_pb2.AnomalyInfo.Reason(type=getattr(anomalies_pb2.AnomalyInfo, k)) for k in kinds
    ]
    return anomalies_pb2.AnomalyInfo(short_description="wrong", reason=reasons)


def test_a_new_class_is_reported_without_what_tfdv_says_about_it():
    found = anomalies_pb2.Anomalies()
    for name in ("label", "class", "one_hot_class"):
        found.anomaly_info[name].CopyFrom(anomaly("ENUM_TYPE_UNEXPECTED_STRING_VALUES"))
    counts = IngestionCounts(splits={**GOOD, "train": {**GOOD["train"], "cactus": 3}})
    assert len(find_data_problems({"train": found}, counts, CLASSES, 0, 0)) == 2
    found.anomaly_info["size"].CopyFrom(anomaly("INT_TYPE_SMALL_INT"))
    assert len(find_data_problems({"train": found}, counts, CLASSES, 0, 0)) == 3


def test_a_feature_that_example_gen_was_told_to_keep_is_no_problem():
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["camera"].CopyFrom(anomaly("SCHEMA_NEW_COLUMN"))
    counts = IngestionCounts(splits=GOOD)
    assert find_data_problems({"train": found}, counts, CLASSES, 0, 0) == []
    found.anomaly_info["camera"].CopyFrom(anomaly("SCHEMA_NEW_COLUMN", "UNKNOWN_TYPE"))
    assert len(find_data_problems({"train": found}, counts, CLASSES, 0, 0)) == 1


def test_records_without_any_known_class_belong_to_another_root():
    counts = IngestionCounts(splits={"train": {"rust": 3, "mildew": 4}})
    (line,) = find_data_problems({}, counts, CLASSES, 0, 0)
    assert line == (
        "the records have other classes, mildew, rust, than the models of this root, daisy, roses: "
        "name another folder in --root"
    )


@pytest.mark.parametrize("test", [{"daisy": 2}, {"daisy": 2, "roses": 0}])
def test_a_span_that_lacks_a_class_suggests_to_read_more_spans(test):
    splits = {"train": test, "test": test}
    counts = IngestionCounts(splits=splits, better_salt="7")
    *_, advice = find_data_problems({}, counts, CLASSES, 0, 2)
    assert advice == "to read more spans: --set 'data.spans=last 3'"
    assert "split_salt" not in str(find_data_problems({}, counts, CLASSES, 0, 2))


def test_a_train_split_that_does_not_fill_a_batch_names_the_setting_to_change():
    counts = IngestionCounts(splits={"train": {"daisy": 9, "roses": 6}, "test": {"daisy": 1}})
    assert find_small_train(counts, 15, 1, 0) == []
    assert find_small_train(counts, 16, 1, 0) == [
        "train: 15 examples, fewer than one batch of 16 (trainer.batch_size 16)",
        "to train on them: --set trainer.batch_size=15; or add images, or give train a larger "
        "share in data.splits",
    ]
    assert "data.spans=last 3" in find_small_train(counts, 16, 1, 2)[1]
    # It lacks all classes.
    assert find_small_train(IngestionCounts(splits={"train": {}}), 16, 1, 0) == []


def test_the_batch_is_that_of_all_replicas():
    counts = IngestionCounts(splits={"train": {"daisy": 9, "roses": 6}})
    assert find_small_train(counts, 3, 5, 0) == []
    problem, advice = find_small_train(counts, 4, 4, 0)
    assert problem.endswith("fewer than one batch of 16 (trainer.batch_size 4 x 4 replicas)")
    assert "--set trainer.batch_size=3;" in advice
    assert "--set trainer.strategy=cpu;" in find_small_train(counts, 1, 16, 0)[1]
