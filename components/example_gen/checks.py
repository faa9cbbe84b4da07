"""Checks that a record is valid and decodes its image."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from PIL import Image, UnidentifiedImageError

from components.transform.decoding import decode_rgb
from data.features import CLASS, IMAGE, LABEL

# The hash that assigns splits averages an image down to 8 rows.
_MIN_SIDE = 8
_DECODABLE_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP")
_CORRUPT = "the image is truncated or corrupt"
_TYPES = {IMAGE: "bytes_list", CLASS: "int64_list", LABEL: "bytes_list"}


class InvalidRecord(Exception):
    """The record must be quarantined; the message is the reason."""


@dataclass(frozen=True)
class DecodedRecord:
    """The content of a valid record.

    Attributes:
      pixels: The decoded image, uint8 [height, width, 3].
      image: The encoded image.
      label: The class name.
      class_id: The class id.
    """

    pixels: np.ndarray
    image: bytes
    label: str
    class_id: int


def check_record(content: bytes, class_names: Sequence[str], max_pixels: int) -> DecodedRecord:
    """Returns the content of a record after checking it.

    A record whose label and class id are both unknown is valid: a new class is not a bad record but
    data outside the schema, for which the data gate stops the run.

    Args:
      content: A serialized tf.train.Example.
      class_names: Names of all classes, in the order of their ids.
      max_pixels: Maximum number of pixels; larger images are rejected without decoding them.

    Raises:
      InvalidRecord: The record is invalid; the message is the reason.
    """
    features = _features(content)
    image, class_id, label = (_single_value(features, name) for name in (IMAGE, CLASS, LABEL))
    name = _check_label(class_id, label, class_names)
    return DecodedRecord(_check_image(image, max_pixels), image, name, class_id)


def extract_image(content: bytes) -> bytes:
    """Returns the encoded image of a serialized tf.train.Example, without checking the rest.

    Raises:
      InvalidRecord: It does not have exactly one image.
    """
    image: bytes = _single_value(_features(content), IMAGE)
    return image


def _features(content: bytes) -> tf.train.Features:
    try:
        return tf.train.Example.FromString(content).features
    except DecodeError as error:
        raise InvalidRecord("not a tf.Example") from error


def _single_value(features: tf.train.Features, name: str) -> Any:
    # Reading a missing key of a protocol buffer's map would add it.
    kind = features.feature[name].WhichOneof("kind") if name in features.feature else None
    if kind is None:
        raise InvalidRecord(f"the feature '{name}' is missing")
    if kind != _TYPES[name]:
        raise InvalidRecord(f"the feature '{name}' is {kind}, expected {_TYPES[name]}")
    values = getattr(features.feature[name], kind).value
    if len(values) != 1:
        raise InvalidRecord(f"the feature '{name}' has {len(values)} values, expected 1")
    return values[0]


def _check_label(class_id: int, label: bytes, class_names: Sequence[str]) -> str:
    try:
        name = label.decode()
    except UnicodeDecodeError as error:
        raise InvalidRecord("the label is not valid UTF-8") from error
    if not 0 <= class_id < len(class_names):
        if name not in class_names and class_id >= 0:
            return name
        raise InvalidRecord(f"class {class_id} is not in 0 to {len(class_names) - 1}")
    if class_names[class_id] != name:
        raise InvalidRecord(f"the label is {name}, but class {class_id} is {class_names[class_id]}")
    return name


def _check_image(image: bytes, max_pixels: int) -> np.ndarray:
    if not image:
        raise InvalidRecord("the image has no bytes")
    try:
        # This reads only the header.
        with Image.open(io.BytesIO(image)) as header:
            kind, (width, height) = header.format, header.size
    except UnidentifiedImageError as error:
        raise InvalidRecord("not an image") from error
    except Image.DecompressionBombError as error:
        raise InvalidRecord(f"more pixels than data.max_pixels allows ({max_pixels:,})") from error
    except Exception as error:
        raise InvalidRecord(_CORRUPT) from error
    if kind not in _DECODABLE_FORMATS:
        raise InvalidRecord(f"the image is a {kind}; it must be a JPEG, PNG, GIF or BMP")
    if width * height > max_pixels:
        raise InvalidRecord(f"more pixels than data.max_pixels allows ({max_pixels:,})")
    if min(width, height) < _MIN_SIDE:
        raise InvalidRecord(f"smaller than {_MIN_SIDE} px per side")
    try:
        pixels: np.ndarray = decode_rgb(tf.constant(image)).numpy()
    except tf.errors.OpError as error:
        raise InvalidRecord(_CORRUPT) from error
    return pixels
