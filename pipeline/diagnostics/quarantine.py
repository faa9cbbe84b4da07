"""`flowers data quarantine`: lists the quarantined records of a run and exports their images."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from data.common.errors import UsageError
from data.features import SOURCE
from data.images.signatures import BMP_START, GIF_START, JPEG_START, PNG_START
from data.ingestion_counts import QUARANTINE, BadRecord
from data.records import describe_damage, read_files
from pipeline.history.run import Run

# Also of a PNG whose first line is damaged.
_SUFFIXES = {JPEG_START: ".jpg", PNG_START[:4]: ".png", GIF_START: ".gif", BMP_START: ".bmp"}


@dataclass(frozen=True)
class QuarantinedRecord:
    """A quarantined record: its location, and its serialized bytes."""

    record: BadRecord
    content: bytes


def read_quarantine(run: Run) -> Iterator[QuarantinedRecord]:
    """Yields the quarantined records of a run, by shard and index.

    Raises:
      UsageError: `flowers clean` has removed them, or their file is damaged.
    """
    folder = Path(str(run.quarantine)) / f"Split-{QUARANTINE}"
    if not folder.is_dir():
        raise UsageError(
            f"flowers clean has removed the quarantined records of run {run.run_id}: {folder}"
        )
    try:
        records = list(iterate_quarantine(folder))
    except tf.errors.DataLossError as error:
        raise UsageError(
            f"{folder} is damaged: {describe_damage(error)}; "
            "`flowers run --from ExampleGen` writes it again"
        ) from error
    yield from sorted(records, key=lambda item: (item.record.shard, item.record.index))


def iterate_quarantine(folder: Path) -> Iterator[QuarantinedRecord]:
    """Yields the records in a folder of ExampleGen's quarantine, in constant memory."""
    files = sorted(str(path) for path in folder.iterdir())
    for serialized in read_files(files):
        features = tf.train.Example.FromString(serialized).features.feature
        texts = {
            name: features[name].bytes_list.value[0].decode()
            for name in ("shard", "reason", SOURCE)
            # Earlier versions of this program wrote no source.
            if name in features
        }
        record = BadRecord(**texts, index=features["index"].int64_list.value[0])
        yield QuarantinedRecord(record, features["record"].bytes_list.value[0])


def export(item: QuarantinedRecord, folder: Path, image_feature: str) -> Path:
    """Writes the image of a record to a file, or the whole record if it has no image.

    Args:
      item: The record.
      folder: The folder of the file; created if it is missing.
      image_feature: The name of the feature with the image.

    Returns:
      The file, named after shard and index, such as `flowers03-150.tfrec-17.jpg`.
    """
    image = extract_image(item.content, image_feature)
    suffix = next((s for start, s in _SUFFIXES.items() if image.startswith(start)), ".bin")
    path = folder / f"{Path(item.record.shard).name}-{item.record.index}{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image or item.content)
    return path


def extract_image(content: bytes, feature: str) -> bytes:
    """Returns the encoded image of a serialized record; empty if it has none."""
    try:
        values = tf.train.Example.FromString(content).features.feature[feature].bytes_list.value
    except DecodeError:
        return b""
    return bytes(values[0]) if values else b""
