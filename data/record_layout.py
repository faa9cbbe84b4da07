"""The layout of records: which features they have, and under which names they are read."""

import json
import shlex
from collections.abc import Mapping, Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError

from data.common.formatting import format_list
from data.features import CLASS, IMAGE, LABEL, REQUIRED, TYPES

# Names in other layouts, such as those of TF-Slim, the Object Detection API and TFDS.
_OTHER_NAMES = {
    IMAGE: ("image", "image/encoded", "image_raw", "encoded", "jpeg", "png"),
    CLASS: ("class", "image/class/label", "label", "class_id", "target", "labels"),
    LABEL: ("label", "image/class/text", "class_name", "label_name", "text"),
}


def feature_types(record: bytes) -> dict[str, str]:
    """Returns the type of each feature of a serialized tf.train.Example, a key of `TYPES`."""
    try:
        features = tf.train.Example.FromString(record).features.feature
    except DecodeError:
        return {}
    return {name: str(feature.WhichOneof("kind")) for name, feature in sorted(features.items())}


def find_layout_problem(records: Sequence[bytes], names: Mapping[str, str]) -> str:
    """Returns why the features of records cannot be read; empty if one of them can be read.

    Args:
      records: Serialized records.
      names: The names of the features in the records, see `data.features.feature_names`.
    """
    needed = {names[name]: TYPES[name] for name in REQUIRED if name in names}
    layouts = [types for types in map(feature_types, records) if types]
    if not layouts or any(needed.items() <= types.items() for types in layouts):
        return ""
    types = layouts[0]
    missing = [name for name, kind in needed.items() if types.get(name) != kind]
    found = ", ".join(f"{name} ({_readable(kind)})" for name, kind in types.items())
    wanted = format_list([f"{name} ({_readable(needed[name])})" for name in missing])
    return (
        f"the records have no feature {wanted}; found: {found}. Name the features to read in "
        f"data.features, such as --set data.features={shlex.quote(json.dumps(_guess(types)))}"
    )


def _guess(types: Mapping[str, str]) -> dict[str, str | None]:
    """Returns a value of `data.features` that probably fits features of these types."""
    found: dict[str, str | None] = {}
    for name in REQUIRED:
        known = (other for other in _OTHER_NAMES[name] if types.get(other) == TYPES[name])
        found[name] = next(known, None if name == LABEL else f"NAME OF THE {name.upper()}")
    return found


def _readable(kind: str) -> str:
    return kind.removesuffix("_list")
