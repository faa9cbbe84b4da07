import hashlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import image_hashes
from components.image_hashes import (
    SPLITTER_VERSION,
    difference_hash,
    find_seen,
    hash_images,
    read_hashes,
    read_seen,
    write_hashes,
    write_seen,
)
from components.transform.decoding import DECODER_VERSION, decode_bytes
from tests.encoding import encode


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


def test_the_hashes_of_each_split_are_read_back(tmp_path):
    write_hashes({"train": [2**64 - 1, 3, 3], "test": []}, str(tmp_path))
    found = read_hashes(str(tmp_path))
    assert found["train"].tolist() == [2**64 - 1, 3, 3]
    assert found["test"].tolist() == []


def test_a_model_records_each_image_once(tmp_path):
    write_seen(np.array([5, 1, 5], np.uint64), str(tmp_path))
    assert read_seen(str(tmp_path)).tolist() == [1, 5]
    first = (tmp_path / "assets.extra" / "seen_images.npz").read_bytes()
    write_seen(np.array([1, 5], np.uint64), str(tmp_path))
    # The digest of a model must not depend on the time of its export.
    assert (tmp_path / "assets.extra" / "seen_images.npz").read_bytes() == first


def test_a_model_without_a_record_or_with_one_of_another_version_has_seen_everything(
    tmp_path, monkeypatch
):
    assert read_seen(str(tmp_path)) is None
    monkeypatch.setattr(image_hashes, "_VERSIONS", [SPLITTER_VERSION, DECODER_VERSION + 1])
    write_seen(np.array([1], np.uint64), str(tmp_path))
    monkeypatch.undo()
    assert read_seen(str(tmp_path)) is None


def test_a_change_of_hashes_or_pixels_needs_a_new_version():
    """If this fails, increase SPLITTER_VERSION or DECODER_VERSION and change the values here."""
    values = np.random.default_rng(0).integers(0, 256, [40, 60, 4], np.uint8)
    png = encode(Image.fromarray(values))
    assert (SPLITTER_VERSION, DECODER_VERSION) == (1, 1)
    assert hashlib.sha256(decode_bytes(png)).hexdigest()[:16] == "71782afe811815b1"
    assert hash_images([png]).tolist() == [15432854756311943750]


@pytest.mark.parametrize("number", [0, 3])
def test_images_are_hashed_in_their_order(make_image, number):
    images = [encode(Image.fromarray(make_image(index))) for index in range(number)]
    hashes = hash_images(images)
    assert hashes.dtype == np.uint64
    assert hashes.shape == (number,)
    assert len(set(hashes.tolist())) == number


def test_images_that_look_like_a_seen_one_are_found():
    seen = np.array([0, 2**63 + 5], np.uint64)
    hashes = np.array([0b1111, 0b111111, 2**63 + 4, 2**62 + 2**63 - 1], np.uint64)
    assert find_seen(hashes, seen).tolist() == [True, False, True, False]
    assert find_seen(hashes, np.array([], np.uint64)).tolist() == [False] * 4
    assert find_seen(np.array([], np.uint64), seen).shape == (0,)
