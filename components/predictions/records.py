"""Reads the examples of a split batch by batch."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

from components.image_hashes import hash_images
from components.predictions.served_model import BATCH_SIZE
from data.features import CLASS, IMAGE, SOURCE
from data.records import read_files, record_id


@dataclass(frozen=True)
class RecordBatch:
    """Serialized tf.Examples as ExampleGen writes them, and what they contain."""

    records: list[bytes]

    @cached_property
    def features(self) -> list[Any]:
        """The features of each record, by name."""
        return [tf.train.Example.FromString(r).features.feature for r in self.records]

    @cached_property
    def ids(self) -> list[str]:
        """The id of each record, see `data.records.record_id`."""
        return [record_id(record) for record in self.records]

    @property
    def hashes(self) -> np.ndarray:
        """The difference hashes of the images, uint64 [n]."""
        return hash_images(self.images)

    @property
    def images(self) -> list[bytes]:
        """The encoded images."""
        return [features[IMAGE].bytes_list.value[0] for features in self.features]

    @property
    def sources(self) -> list[str]:
        """The path of the image file that each record names; empty if it names none."""
        return self.texts(SOURCE, "")

    @property
    def classes(self) -> list[int]:
        """The ids of the true classes."""
        return [features[CLASS].int64_list.value[0] for features in self.features]

    def texts(self, name: str, default: str) -> list[str]:
        """Returns the values of a feature in each record as text, or a default for no values."""
        return [_as_text(features[name], default) for features in self.features]


def read_split(examples: str, split: str) -> Iterator[RecordBatch]:
    """Yields the examples of a split in the order of their files, in constant memory.

    Args:
      examples: URI of ExampleGen's examples.
      split: The name of the split.
    """
    files = sorted(tf.io.gfile.glob(os.path.join(examples, f"Split-{split}", "*")))
    records = read_files(files)
    while batch := list(islice(records, BATCH_SIZE)):
        yield RecordBatch(batch)


def _as_text(feature: Any, default: str) -> str:
    kind = feature.WhichOneof("kind")
    values = list(getattr(feature, kind).value) if kind else []
    texts = [v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values]
    return " ".join(texts) or default
