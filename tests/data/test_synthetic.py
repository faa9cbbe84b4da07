"""The embedded sample: reproducible, laid out as documented, balanced, and not trivial to learn."""

import io
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from data.synthetic import (
    CLASS_NAMES,
    PIXELS,
    assign_to_shards,
    draw_flower,
    make_record,
    write_sample,
)

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
FILES = sorted(SAMPLE.glob("*.tfrec"))


def read_records(path: Path) -> list[bytes]:
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def parse(record: bytes) -> dict[str, tf.train.Feature]:
    return dict(tf.train.Example.FromString(record).features.feature)


def decode(features: dict[str, tf.train.Feature]) -> Image.Image:
    return Image.open(io.BytesIO(features["image"].bytes_list.value[0]))


def class_id(features: dict[str, tf.train.Feature]) -> int:
    return features["class"].int64_list.value[0]


@pytest.fixture(scope="module")
def shards() -> list[list[bytes]]:
    return [read_records(path) for path in FILES]


@pytest.fixture(scope="module")
def examples(shards) -> list[dict[str, tf.train.Feature]]:
    return [parse(record) for shard in shards for record in shard]


def test_the_embedded_records_are_rebuilt_byte_for_byte(shards):
    assigned = assign_to_shards(600, 4)
    assert [len(shard) for shard in shards] == [len(indices) for indices in assigned]
    for shard, indices in zip(shards, assigned, strict=True):
        assert shard[:25] == [make_record(index) for index in indices[:25]]


def test_file_names_contain_the_number_of_records(shards):
    expected = [f"synthetic{index:02d}-{len(shard)}.tfrec" for index, shard in enumerate(shards)]
    assert [path.name for path in FILES] == expected
    assert sum(map(len, shards)) == 600


def test_the_sample_is_small():
    assert sum(path.stat().st_size for path in FILES) < 4_000_000


def test_records_have_the_layout_of_flowers_public(examples):
    for features in examples:
        index = class_id(features)
        assert set(features) == {"image", "class", "label", "size", "one_hot_class"}
        assert features["label"].bytes_list.value == [CLASS_NAMES[index].encode()]
        assert features["size"].int64_list.value == [PIXELS, PIXELS]
        assert features["one_hot_class"].float_list.value == [float(i == index) for i in range(5)]
        image = decode(features)
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (PIXELS, PIXELS))


def test_each_shard_is_balanced_and_shuffled(shards):
    for shard in shards:
        ids = [class_id(parse(record)) for record in shard]
        assert Counter(ids) == dict.fromkeys(range(5), 30)
        assert ids[:10] != [0, 1, 2, 3, 4] * 2


def test_class_ids_follow_flowers_public():
    assert CLASS_NAMES == ("daisy", "dandelion", "roses", "sunflowers", "tulips")


def test_all_images_are_different(examples):
    assert len({features["image"].bytes_list.value[0] for features in examples}) == 600


def test_the_mean_colour_does_not_determine_the_class(examples):
    colours = np.array([np.asarray(decode(features)).mean((0, 1)) for features in examples])
    ids = np.array([class_id(features) for features in examples])
    held_out = np.arange(len(ids)) % 5 == 0
    distances = ((colours[held_out, None] - colours[None, ~held_out]) ** 2).sum(-1)
    neighbours = ids[~held_out][distances.argsort(1)[:, :15]]
    guesses = np.array([np.bincount(row, minlength=5).argmax() for row in neighbours])
    assert np.mean(guesses == ids[held_out]) < 0.60


def test_the_seed_determines_every_byte(tmp_path):
    def build(folder: str, seed: int) -> list[bytes]:
        paths = write_sample(tmp_path / folder, count=20, shards=2, pixels=32, seed=seed)
        return [path.read_bytes() for path in paths]

    assert build("first", seed=1) == build("again", seed=1)
    assert not set(build("first", seed=1)) & set(build("other", seed=2))


def test_uneven_shards_have_correct_names(tmp_path):
    paths = write_sample(tmp_path / "toy", count=23, shards=2, pixels=16)
    assert [path.name for path in paths] == ["synthetic00-13.tfrec", "synthetic01-10.tfrec"]
    assert [len(read_records(path)) for path in paths] == [13, 10]


@pytest.mark.parametrize(("count", "shards"), [(9, 2), (10, 0)])
def test_shards_without_a_class_are_rejected(tmp_path, count, shards):
    with pytest.raises(ValueError, match=f"shards={shards}, count={count}"):
        write_sample(tmp_path / "sample", count=count, shards=shards)
    assert not (tmp_path / "sample").exists()


def test_unknown_classes_are_rejected():
    with pytest.raises(ValueError, match=r"daisy, .*, received 'orchid'"):
        draw_flower("orchid", random.Random(1), 32)
