"""Random damage to valid records: ExampleGen must quarantine each of them, never fail on one."""

import io
from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.example_gen.checks import InvalidRecord, RecordRules, check_record
from data.features import UNCHANGED
from data.records import encode_example
from tests.damage import damage_bytes

pytestmark = pytest.mark.long

CLASSES = ["daisy", "roses", "tulips"]
RULES = RecordRules(CLASSES, 10_000, UNCHANGED)
FORMATS = [
    ("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"),
    ("P", "PNG"), ("I;16", "PNG"), ("P", "GIF"), ("RGB", "BMP"), ("RGB", "WEBP"),
]  # fmt: skip
MUTATIONS = 20_000


def encode_images() -> list[bytes]:
    """Returns one small noise image in each format."""
    pixels = np.random.default_rng(0).integers(0, 255, [20, 24, 3], np.uint8)
    images = []
    for mode, kind in FORMATS:
        content, image = io.BytesIO(), Image.fromarray(pixels)
        # Pillow converts RGB to 16 bits only through grey.
        image = image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
        image.save(content, kind)
        images.append(content.getvalue())
    return images


def random_feature(random: Random) -> tf.train.Feature:
    """Returns a feature with up to three random values of a random kind."""
    count = random.choice([0, 1, 1, 1, 2, 3])
    kind = random.randrange(4)
    if kind == 0:
        values = [random.randbytes(random.randrange(40)) for _ in range(count)]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if kind == 1:
        bounds = random.choice([(-(2**63), 2**63 - 1), (-3, 5)])
        numbers = [random.randint(*bounds) for _ in range(count)]
        return tf.train.Feature(int64_list=tf.train.Int64List(value=numbers))
    if kind == 2:
        floats = [random.choice([0.5, float("nan"), float("inf")]) for _ in range(count)]
        return tf.train.Feature(float_list=tf.train.FloatList(value=floats))
    return tf.train.Feature()


def damage_features(random: Random, content: bytes) -> bytes:
    """Removes, replaces or adds a feature of a serialized example."""
    example = tf.train.Example.FromString(content)
    features = example.features.feature
    name = random.choice([*sorted(features), random.randbytes(4).hex()])
    if name in features and random.random() < 0.2:
        del features[name]
    else:
        features[name].CopyFrom(random_feature(random))
    return example.SerializeToString()


def damaged_records(random: Random, count: int) -> Iterator[bytes]:
    """Yields damaged records: the image, the features or the serialized bytes."""
    images = encode_images()
    for _ in range(count):
        image, class_id = random.choice(images), random.randrange(len(CLASSES))
        kind = random.randrange(3)
        if kind == 0:
            image = damage_bytes(random, image)
        record = encode_example(image, class_id, CLASSES, (24, 20))
        if kind == 1:
            record = damage_features(random, record)
        if kind == 2:
            record = damage_bytes(random, record)
        yield record


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_record_is_valid_or_quarantined(assert_raises_only: Callable, seed: int) -> None:
    outcomes = {"valid": 0, "invalid": 0}

    def check(record: bytes) -> None:
        try:
            pixels = check_record(record, RULES).pixels
        except InvalidRecord:
            outcomes["invalid"] += 1
            raise
        outcomes["valid"] += 1
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3

    count = MUTATIONS // 4
    assert_raises_only(InvalidRecord, check, damaged_records(Random(seed), count))
    # Neither all damage is harmless, nor is all of it found by the first check.
    assert min(outcomes.values()) > count // 100
