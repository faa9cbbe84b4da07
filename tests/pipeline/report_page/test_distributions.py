"""Distributions are read from TFDV's statistics and drawn on common bins."""

import re

import pytest

from components.example_gen.image_statistics import ImageStatistics
from components.example_gen.partition import RecordOutcome
from components.example_gen.span_statistics import write_statistics
from data.ingestion_counts import SPAN_FILE
from pipeline.report_page.distributions import (
    Bucket,
    bin_edges,
    draw_distribution,
    draw_labels,
    most_changed,
    read_span,
    shares,
)


def test_statistics_are_read_as_example_gen_writes_them(tmp_path):
    outcomes = [
        RecordOutcome(
            "a.tfrec", index, "train", ("daisy", "<b>")[index % 4 == 0],
            statistics=ImageStatistics(192, 100 + index, index / 100, 2.0),
        )
        for index in range(100)
    ]  # fmt: skip
    write_statistics(outcomes, {"a.tfrec"}, str(tmp_path), SPAN_FILE)
    found = read_span(tmp_path / SPAN_FILE)
    assert found.images == 100
    assert found.labels == {"daisy": 75, "<b>": 25}
    assert {bucket.low for bucket in found.features["width"]} == {192}
    buckets = found.features["brightness"]
    assert sum(bucket.images for bucket in buckets) == pytest.approx(100)
    assert (buckets[0].low, buckets[-1].high) == (0, 0.99)
    assert read_span(tmp_path / "another.pb") is None


EVEN = [Bucket(i, i + 1, 10) for i in range(10)]


@pytest.mark.parametrize(
    "buckets",
    [
        EVEN,
        [Bucket(192, 192, 10)] * 10,
        [*[Bucket(0, 0, 10)] * 5, Bucket(0, 4, 10), *[Bucket(4, 4, 10)] * 4],
        [*EVEN[:-1], Bucket(9, 1e6, 10)],
        [Bucket(-1e6, 1, 10), *EVEN[1:]],
    ],
)
def test_every_image_is_in_one_bin(buckets):
    edges = bin_edges(buckets, [])
    found = shares(buckets, edges)
    assert len(found) == len(edges) - 1
    assert sum(found) == pytest.approx(1)
    assert min(found) >= 0


def test_even_values_make_even_bins_and_a_single_value_one_bin():
    assert shares(EVEN, bin_edges(EVEN, [])) == pytest.approx([0.05] * 20)
    one = [Bucket(0.5, 0.5, 10)] * 10
    assert sorted(shares(one, bin_edges(one, [])))[-1] == 1


def test_one_far_value_does_not_hide_the_others():
    far = [*EVEN[:-1], Bucket(9, 1e6, 10)]
    assert bin_edges(far, [])[-1] < 20
    assert sum(share > 0.01 for share in shares(far, bin_edges(far, []))) > 8


def test_both_spans_have_the_same_bins():
    other = [Bucket(20 + i, 21 + i, 1) for i in range(10)]
    edges = bin_edges(EVEN, other)
    assert (edges[0], edges[-1]) == (0, 30)
    assert shares(other, edges)[0] == 0
    drawn = draw_distribution("a <b>", EVEN, other, str)
    assert "a &lt;b&gt;" in drawn
    assert drawn.count("<rect") == 20
    assert drawn.count("<polyline") == 1
    assert draw_distribution("a", EVEN, [], str).count("<polyline") == 0


def test_the_classes_that_changed_most_are_drawn():
    now, before = {"a": 50, "b": 50}, {"a": 10, "b": 10, "<c>": 80}
    assert most_changed(now, before, 2) == ["<c>", "a"]
    drawn = draw_labels("classes", ["<c>", "a"], now, before)
    notes = re.findall(r">([^<>]*%[^<>]*)<", drawn.replace("\xa0", " "))
    assert notes == ["0.0 %, was 80.0 %", "50.0 %, was 10.0 %"]
    assert "<c>" not in drawn
