from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from components.example_gen.splits import assign_split, difference_hash

WEIGHTS = {"train": 8, "eval": 1, "test": 1}


def distance(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()


def test_the_hash_has_64_bits_and_distinguishes_images(make_image):
    hashes = {difference_hash(make_image(seed)) for seed in range(20)}
    assert len(hashes) == 20
    assert {len(value) for value in hashes} == {8}


def test_the_hash_says_whether_cells_grow_brighter_to_the_right():
    ramp = np.broadcast_to(np.arange(90, dtype=np.uint8)[None, :, None], [40, 90, 3])
    assert difference_hash(ramp) == b"\xff" * 8
    assert difference_hash(ramp[:, ::-1]) == b"\x00" * 8


def test_resizing_and_encoding_an_image_hardly_changes_the_hash(make_image):
    image = make_image(1, 96, 96)
    smaller = tf.cast(tf.image.resize(image, [64, 64]), tf.uint8)
    encoded = tf.io.decode_jpeg(tf.io.encode_jpeg(smaller, quality=60)).numpy()
    assert distance(difference_hash(image), difference_hash(encoded)) <= 4


@pytest.mark.parametrize("side", [1, 7, 8, 9])
def test_images_smaller_than_the_grid_have_a_hash(side):
    assert len(difference_hash(np.zeros([side, side, 3], np.uint8))) == 8


def test_splits_are_assigned_in_proportion_to_their_weights():
    hashes = [number.to_bytes(8, "big") for number in range(4000)]
    found = Counter(assign_split(value, WEIGHTS) for value in hashes)
    assert found["train"] == pytest.approx(3200, abs=100)
    assert found["eval"] == pytest.approx(400, abs=80)


def test_a_salt_changes_the_assignment():
    hashes = [number.to_bytes(8, "big") for number in range(100)]
    plain = [assign_split(value, WEIGHTS) for value in hashes]
    assert plain == [assign_split(value, WEIGHTS) for value in hashes]
    assert plain != [assign_split(value, WEIGHTS, "salt") for value in hashes]
