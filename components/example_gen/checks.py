"""Checks that a record is valid, decodes its image, and gives its features their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from components.example_gen.image_checks import InvalidImage, check_image
from data.classes import normalize_class_name
from data.common.formatting import format_list
from data.features import CLASS, IMAGE, LABEL, OPTIONAL, SOURCE, TYPES, UNCHANGED
from data.records import bytes_feature, encode_example


class InvalidRecord(Exception):
    """The record must be quarantined; the message is the reason."""


@dataclass(frozen=True)
class RecordRules:
    """What records must be like.

    Attributes:
      class_names: Names of all classes, in the order of their ids.
      max_pixels: Maximum number of pixels; larger images are rejected without decoding them.
      features: The names of the features in the records, see `data.features.feature_names`.
    """

    class_names: Sequence[str]
    max_pixels: int
    features: Mapping[str, str]


@dataclass(frozen=True)
class ParsedRecord:
    """The content of a record that is valid but for its image.

    Attributes:
      content: The record with the features that are read, under the names of `data.features`.
      ignored: The names of the features that are not read.
      image: The encoded image.
      label: The class name.
      class_id: The class id.
    """

    content: bytes
    ignored: tuple[str, ...]
    image: bytes
    label: str
    class_id: int


@dataclass(frozen=True)
class ValidRecord(ParsedRecord):
    """The content of a valid record; `pixels` are the decoded image, uint8 [height, width, 3]."""

    pixels: np.ndarray


def check_record(content: bytes, rules: RecordRules) -> ValidRecord:
    """Returns the content of a record after checking it and its image; see `parse_record`."""
    parsed = parse_record(content, rules)
    return ValidRecord(**vars(parsed), pixels=_decode(parsed.image, rules.max_pixels))


def parse_record(content: bytes, rules: RecordRules) -> ParsedRecord:
    """Returns the content of a record after checking all but its image.

    A record whose label and class id are both unknown is valid: a new class is not a bad record but
    data outside the schema, for which the data gate stops the run.

    Args:
      content: A serialized tf.train.Example.
      rules: The rules for all records.

    Raises:
      InvalidRecord: The record is invalid; the message is the reason.
    """
    features = _parse(content)
    names = _without_foreign(features, rules.features)
    image = _single_value(features, IMAGE, names)
    class_id = _single_value(features, CLASS, names)
    written = _single_value(features, LABEL, names) if LABEL in names else None
    if written is None:
        label = _label_of(class_id, rules.class_names)
    else:
        label = _check_label(class_id, written, rules.class_names)
    ignored = tuple(sorted(set(features.feature) - set(names.values())))
    renamed = any(name != theirs for name, theirs in names.items())
    if ignored or renamed or written != label.encode():
        content = _rename(features, names, label)
    return ParsedRecord(content, ignored, image, label, class_id)


def check_elsewhere(content: bytes, rules: RecordRules) -> bytes:
    """Returns a record that was not made for the classes of `rules`, with the class id of theirs.

    The class ids of other data sets differ, so the label alone tells the class; the class id counts
    only if the records have no label.

    Args:
      content: A serialized tf.train.Example.
      rules: The rules; `class_names` are those of a model.

    Raises:
      InvalidRecord: The record is invalid, or the model does not know its class.
    """
    features = _parse(content)
    names = _without_foreign(features, rules.features)
    image = _single_value(features, IMAGE, names)
    if LABEL in names:
        label = _parse_label(_single_value(features, LABEL, names))
    else:
        label = _label_of(_single_value(features, CLASS, names), rules.class_names)
    if label not in rules.class_names:
        raise InvalidRecord(f"the model has no class {label}")
    pixels = _decode(image, rules.max_pixels)
    class_id = rules.class_names.index(label)
    size = pixels.shape[1], pixels.shape[0]
    source = extract_source(content, rules.features)
    return encode_example(image, class_id, rules.class_names, size, source)


def extract_image(content: bytes) -> bytes:
    """Returns the encoded image of a serialized tf.train.Example, without checking the rest.

    Raises:
      InvalidRecord: It does not have exactly one image.
    """
    image: bytes = _single_value(_parse(content), IMAGE, UNCHANGED)
    return image


def extract_source(content: bytes, features: Mapping[str, str] = UNCHANGED) -> str:
    """Returns the path of the image file that a record names; empty if it names none.

    Args:
      content: A serialized tf.train.Example, valid or not.
      features: The names of the features in the records, see `data.features.feature_names`.
    """
    if SOURCE not in features:
        return ""
    try:
        source: bytes = _single_value(_parse(content), SOURCE, features)
    except InvalidRecord:
        return ""
    return source.decode(errors="replace")


def _parse(content: bytes) -> tf.train.Features:
    try:
        return tf.train.Example.FromString(content).features
    except DecodeError as error:
        raise InvalidRecord("not a tf.Example") from error


def _without_foreign(features: tf.train.Features, names: Mapping[str, str]) -> dict[str, str]:
    """Returns names without optional features of other types, which mean something else."""
    return {
        name: theirs
        for name, theirs in names.items()
        if name not in OPTIONAL or _kind(features, theirs) in (None, TYPES.get(name))
    }


def _kind(features: tf.train.Features, name: str) -> str | None:
    """Returns the type of a feature; None if the record does not have it, or no values of it."""
    # Reading a missing key of a protocol buffer's map would add it.
    return features.feature[name].WhichOneof("kind") if name in features.feature else None


def _single_value(features: tf.train.Features, feature: str, names: Mapping[str, str]) -> Any:
    name, expected = names[feature], TYPES[feature]
    kind = _kind(features, name)
    if kind is None:
        found = format_list(sorted(features.feature)) or "none"
        raise InvalidRecord(f"the feature '{name}' is missing; found: {found}")
    if kind != expected:
        raise InvalidRecord(f"the feature '{name}' is {kind}, expected {expected}")
    values = getattr(features.feature[name], kind).value
    if len(values) != 1:
        raise InvalidRecord(f"the feature '{name}' has {len(values)} values, expected 1")
    return values[0]


def _decode(image: bytes, max_pixels: int) -> np.ndarray:
    try:
        return check_image(image, max_pixels)
    except InvalidImage as error:
        raise InvalidRecord(str(error)) from error


def _parse_label(label: bytes) -> str:
    try:
        return normalize_class_name(label.decode())
    except UnicodeDecodeError as error:
        raise InvalidRecord("the label is not valid UTF-8") from error
    except ValueError as error:
        raise InvalidRecord(f"the label is not a valid class name: {error}") from error


def _check_label(class_id: int, label: bytes, class_names: Sequence[str]) -> str:
    name = _parse_label(label)
    if not 0 <= class_id < len(class_names):
        if name not in class_names and class_id >= 0:
            return name
        raise _out_of_range(class_id, class_names)
    if class_names[class_id] != name:
        raise InvalidRecord(f"the label is {name}, but class {class_id} is {class_names[class_id]}")
    return name


def _label_of(class_id: int, class_names: Sequence[str]) -> str:
    if not 0 <= class_id < len(class_names):
        raise _out_of_range(class_id, class_names)
    return class_names[class_id]


def _out_of_range(class_id: int, class_names: Sequence[str]) -> InvalidRecord:
    return InvalidRecord(f"class {class_id} is not in 0 to {len(class_names) - 1}")


def _rename(features: tf.train.Features, names: Mapping[str, str], label: str) -> bytes:
    """Returns a serialized tf.train.Example with the features that are read, and the label."""
    renamed = {
        name: features.feature[theirs]
        for name, theirs in names.items()
        if theirs in features.feature
    }
    renamed[LABEL] = bytes_feature(label.encode())
    example = tf.train.Example(features=tf.train.Features(feature=renamed))
    return example.SerializeToString(deterministic=True)
