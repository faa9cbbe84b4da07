from functools import partial

import numpy as np
import tensorflow as tf
from PIL import Image

from components.transform import preprocessing
from components.transform.images import (
    center_crop,
    decode_pixels,
    encode_pixels,
    resize,
    to_float,
)
from components.transform.preprocessing import preprocess, preprocessing_fn
from tests.encoding import encode


def test_the_crop_is_the_centered_square():
    image = tf.reshape(tf.range(4 * 8), [4, 8, 1])
    assert center_crop(image)[0, :, 0].numpy().tolist() == [2, 3, 4, 5]
    assert center_crop(tf.transpose(image, [1, 0, 2]))[0, :, 0].numpy().tolist() == [2, 10, 18, 26]


def test_resizing_keeps_a_flat_image_flat_and_rounds():
    flat = tf.fill([31, 31, 3], tf.constant(77, tf.uint8))
    assert np.unique(resize(flat, 8)).tolist() == [77]


def test_shrinking_averages_instead_of_picking_pixels():
    checks = tf.cast(
        255 * (tf.range(64)[:, None, None] + tf.range(64)[None, :, None]) % 510, tf.uint8
    )
    shrunk = resize(tf.repeat(checks, 3, axis=2), 8)
    assert np.abs(shrunk.numpy().astype(int) - 127).max() < 20


def test_the_encoding_of_pixels_is_lossless(make_image):
    image = make_image(2, 32, 32)
    assert (decode_pixels(encode_pixels(tf.constant(image)), 32).numpy() == image).all()


def test_floats_are_between_zero_and_one():
    assert to_float(tf.constant([0, 255], tf.uint8)).numpy().tolist() == [0.0, 1.0]


def test_preprocessing_a_batch_is_preprocessing_each_image(make_image):
    jpegs = [encode(Image.fromarray(make_image(seed)), "JPEG") for seed in range(3)]
    batch = preprocessing_fn(
        {"image": tf.constant(jpegs), "class": tf.constant([2, 0, 1], tf.int64)}, {"image_size": 16}
    )
    assert batch["class"].numpy().tolist() == [2, 0, 1]
    for one, jpeg in zip(batch["image"], jpegs, strict=True):
        assert (decode_pixels(one, 16).numpy() == preprocess(tf.constant(jpeg), 16).numpy()).all()


def test_preprocessing_is_traced_once_for_all_graphs(monkeypatch):
    traced = []
    monkeypatch.setattr(
        preprocessing, "preprocess", lambda *given: traced.append(given) or preprocess(*given)
    )
    specs = {"image": tf.TensorSpec([None], tf.string), "class": tf.TensorSpec([None], tf.int64)}
    for _ in range(2):
        # No other test may use this size: it would be traced already.
        function = partial(preprocessing_fn, custom_config={"image_size": 17})
        tf.function(function, autograph=False).get_concrete_function(specs)
    assert len(traced) == 1
