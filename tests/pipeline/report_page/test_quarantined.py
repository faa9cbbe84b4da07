"""Some quarantined records of each reason are chosen."""

import pytest
import tensorflow as tf

from components.example_gen.checks import RecordRules
from components.example_gen.partition import Partition, Record
from data.features import IMAGE, UNCHANGED
from data.ingestion_counts import QUARANTINE
from data.records import encode_example
from pipeline.report_page.quarantined import choose_quarantined


@pytest.fixture
def quarantine(tmp_path):
    """Five records that are no examples and 20 without an image, in two files."""
    partition = Partition({"train": 1}, "", RecordRules(["a", "b"], 1000, UNCHANGED))
    folder = tmp_path / f"Split-{QUARANTINE}"
    folder.mkdir()
    contents = [b"\xff\xff"] * 5 + [encode_example(b"?", 0, ["a", "b"], (1, 1), "a.jpg")] * 20
    for part in range(2):
        path = str(folder / f"data_tfrecord-{part}.gz")
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for index, content in list(enumerate(contents))[part::2]:
                writer.write(partition.assign(Record("x.tfrec", index, content))[1])
    return tmp_path


REASONS = {"not an image": 20, "not a tf.Example": 5}


def test_each_reason_gets_its_share(quarantine):
    chosen = choose_quarantined(quarantine, REASONS, IMAGE, 8)
    assert [item.record.reason for item in chosen] == [
        *["not an image"] * 4, *["not a tf.Example"] * 4,
    ]  # fmt: skip
    assert (chosen[0].record.source, chosen[0].image) == ("a.jpg", b"?")
    assert chosen[-1].image == b""


def test_places_that_a_rare_reason_leaves_go_to_the_others(quarantine):
    chosen = choose_quarantined(quarantine, REASONS, IMAGE, 20)
    assert sum(item.record.reason == "not an image" for item in chosen) == 15
    indices = [item.record.index for item in chosen[:15]]
    assert indices == sorted(indices)
    assert len(choose_quarantined(quarantine, REASONS, IMAGE, 100)) == 25


def test_more_reasons_than_places_and_none(quarantine):
    assert len(choose_quarantined(quarantine, REASONS, IMAGE, 1)) == 1
    assert choose_quarantined(quarantine / "nowhere", {}, IMAGE, 5) == []
