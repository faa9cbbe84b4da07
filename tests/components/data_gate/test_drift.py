import re

import numpy as np
import pytest

from components.data_gate.drift import find_drift
from components.data_gate.report import NO_PREVIOUS_SPAN, Drift
from components.example_gen.image_statistics import ImageStatistics
from components.example_gen.partition import RecordOutcome
from components.example_gen.span_statistics import write_statistics
from data.ingestion_counts import PREVIOUS_SPAN_FILE, SPAN_FILE
from data.schema import span_schema_text

SCHEMA = span_schema_text()


@pytest.fixture
def span(tmp_path):
    """Returns a function that writes the statistics of a span of synthetic images to a folder."""

    def write(folder, seed, images=300, daisies=0.5, name=SPAN_FILE, **add):
        random = np.random.default_rng(seed)
        bright = random.normal(0.45, 0.12, images) + add.get("brightness", 0)
        sharp = random.normal(2.5, 0.4, images) + add.get("sharpness", 0)
        side = 192 + add.get("side", 0)
        labels = np.where(random.random(images) < daisies, "daisy", "roses")
        outcomes = [
            RecordOutcome(
                "a.tfrec",
                i,
                "train",
                str(labels[i]),
                statistics=ImageStatistics(side, side, bright[i], sharp[i]),
            )
            for i in range(images)
        ]
        bad = RecordOutcome("a.tfrec", images, reason="bad")
        other = RecordOutcome(
            "other.tfrec", 0, "train", "daisy", statistics=ImageStatistics(9, 9, 0.0, 0.0)
        )
        write_statistics([*outcomes, bad, other], {"a.tfrec"}, str(tmp_path / folder), name)
        return str(tmp_path / folder)

    return write


def test_two_spans_of_one_source_do_not_drift(span):
    drift = find_drift(span("now", 1), span("before", 2), SCHEMA, 100)
    assert (drift.exceeded, drift.note) == ([], "no drift")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"brightness": -0.2}, "brightness: median 0.2"),
        ({"sharpness": -1.0}, "sharpness: median 1.5"),
        ({"side": 100}, "height: median 292, previously 192 (drift 1.00, allowed 0.15)"),
        ({"daisies": 0.8}, "label: "),
    ],
)
def test_drift_is_reported_with_both_values(span, changed, text):
    drift = find_drift(span("now", 1, **changed), span("before", 2), SCHEMA, 100)
    assert drift.exceeded[0].startswith(text)
    assert "previously" in drift.exceeded[0]
    assert len(drift.exceeded) == (2 if "side" in changed else 1)


def test_a_class_that_disappeared_is_reported_with_its_previous_share(span):
    drift = find_drift(span("now", 1, daisies=0), span("before", 2), SCHEMA, 100)
    assert re.match(r"label: (daisy 0%|roses 100%), previously [45]\d% ", drift.exceeded[0])


def test_the_thresholds_come_from_the_schema(span):
    loose = SCHEMA.replace("threshold: 0.15", "threshold: 0.99")
    assert find_drift(span("now", 1, brightness=-0.2), span("before", 2), loose, 1).exceeded == []


def test_small_spans_are_not_compared_and_the_note_says_so(span):
    drift = find_drift(span("now", 1, images=99, brightness=1), span("before", 2), SCHEMA, 100)
    assert drift.exceeded == []
    assert "99 images in a span, and data.drift_min_images is 100" in drift.note


def test_without_a_previous_span_nothing_is_compared(span):
    assert find_drift(span("now", 1), "", SCHEMA, 100) == Drift(note=NO_PREVIOUS_SPAN)
    with pytest.raises(FileNotFoundError, match="gone has no span_statistics"):
        find_drift(span("now", 1), str(span("now", 1)) + "-gone", SCHEMA, 100)


def test_if_a_run_reads_several_spans_the_last_two_are_compared(span):
    span("now", 1, name=PREVIOUS_SPAN_FILE)
    drift = find_drift(span("now", 2, brightness=0.3), "", SCHEMA, 100)
    assert drift.exceeded[0].startswith("brightness")
    assert drift.note == f"drift: {drift.exceeded[0]}"
