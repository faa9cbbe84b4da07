"""What may be wrong with a record: each check is a function, and its answer the reason in words."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from PIL import Image, UnidentifiedImageError

from components.transform.images import decode_rgb
from data.features import CLASS, IMAGE, LABEL

# Smaller images say nothing; the split's hash looks at 8 rows.
MIN_SIDE = 8
DECODABLE = ("JPEG", "MPO", "PNG", "GIF", "BMP")
_BROKEN = "the image is cut short or broken"
_KINDS = {IMAGE: "bytes_list", CLASS: "int64_list", LABEL: "bytes_list"}


class InvalidRecord(Exception):
    """A record that is to be set aside; the message is the reason."""


@dataclass(frozen=True)
class GoodRecord:
    """What a record holds: pixels, uint8 [height, width, 3]; the encoded image; label and class."""

    pixels: np.ndarray
    image: bytes
    label: str
    class_id: int


def check_record(content: bytes, class_names: Sequence[str], max_pixels: int) -> GoodRecord:
    """Returns what a record holds, its image decoded.

    A label that is none of the classes passes, if its class is none either: a new class is no bad
    record but data that the schema does not know, and stops the run there.

    Args:
      content: a serialized tf.train.Example.
      class_names: in the order of their ids.
      max_pixels: how large an image may be; a larger one is not decoded.

    Raises:
      Bad: with the reason.
    """
    features = _features(content)
    image, class_id, label = (_single(features, name) for name in (IMAGE, CLASS, LABEL))
    name = _check_label(class_id, label, class_names)
    return GoodRecord(_check_image(image, max_pixels), image, name, class_id)


def image_of(content: bytes) -> bytes:
    """Returns the encoded image of a serialized tf.train.Example, whatever else that holds.

    Raises:
      Bad: it has none, or several; with the reason.
    """
    image: bytes = _single(_features(content), IMAGE)
    return image


def _features(content: bytes) -> tf.train.Features:
    try:
        return tf.train.Example.FromString(content).features
    except DecodeError as error:
        raise InvalidRecord("no tf.Example") from error


def _single(features: tf.train.Features, name: str) -> Any:
    """Returns the only value of a feature."""
    # Asking for a missing key of a protocol buffer's map would make it.
    kind = features.feature[name].WhichOneof("kind") if name in features.feature else None
    if kind is None:
        raise InvalidRecord(f"the feature '{name}' is missing")
    if kind != _KINDS[name]:
        raise InvalidRecord(f"the feature '{name}' is a {kind} and no {_KINDS[name]}")
    values = getattr(features.feature[name], kind).value
    if len(values) != 1:
        raise InvalidRecord(f"the feature '{name}' has {len(values)} values and not one")
    return values[0]


def _check_label(class_id: int, label: bytes, class_names: Sequence[str]) -> str:
    try:
        name = label.decode()
    except UnicodeDecodeError as error:
        raise InvalidRecord("the label is no UTF-8") from error
    if not 0 <= class_id < len(class_names):
        if name not in class_names and class_id >= 0:
            return name
        raise InvalidRecord(f"class {class_id} is none of 0 to {len(class_names) - 1}")
    if class_names[class_id] != name:
        raise InvalidRecord(f"the label is {name}, and class {class_id} is {class_names[class_id]}")
    return name


def _check_image(image: bytes, max_pixels: int) -> np.ndarray:
    if not image:
        raise InvalidRecord("the image has no bytes")
    try:
        # It reads the header alone.
        with Image.open(io.BytesIO(image)) as header:
            kind, (width, height) = header.format, header.size
    except UnidentifiedImageError as error:
        raise InvalidRecord("not an image") from error
    except Image.DecompressionBombError as error:
        raise InvalidRecord(f"more pixels than data.max_pixels allows ({max_pixels:,})") from error
    except Exception as error:
        raise InvalidRecord(_BROKEN) from error
    if kind not in DECODABLE:
        raise InvalidRecord(f"the image is a {kind}; it must be a JPEG, PNG, GIF or BMP")
    if width * height > max_pixels:
        raise InvalidRecord(f"more pixels than data.max_pixels allows ({max_pixels:,})")
    if min(width, height) < MIN_SIDE:
        raise InvalidRecord(f"smaller than {MIN_SIDE} px a side")
    try:
        pixels: np.ndarray = decode_rgb(tf.constant(image)).numpy()
    except tf.errors.OpError as error:
        raise InvalidRecord(_BROKEN) from error
    return pixels
