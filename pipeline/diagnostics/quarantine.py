"""`flowers data quarantine`: what a run set aside, and its records as files to look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from data.common.errors import UsageError
from data.features import IMAGE
from data.ingestion_counts import QUARANTINE
from pipeline.history.runs import History, Run

# How image files begin.
_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"GIF8": ".gif", b"BM": ".bmp"}


@dataclass(frozen=True)
class QuarantinedRecord:
    """A record that was set aside: where it was, why, and itself, a serialized tf.train.Example."""

    shard: str
    index: int
    reason: str
    record: bytes


def choose_run(root: Path, run_id: str | None) -> Run:
    """Returns a run of the history whose ExampleGen ended; the newest one without a `run_id`.

    Raises:
      UsageError: there is none.
    """
    return History(root).find(run_id, lambda run: bool(run.quarantine), "whose ExampleGen ended")


def read_quarantine(run: Run) -> Iterator[QuarantinedRecord]:
    """Yields what a run set aside, in the order of shards and records.

    Raises:
      UsageError: `flowers clean` removed it.
    """
    folder = Path(str(run.quarantine)) / f"Split-{QUARANTINE}"
    if not folder.is_dir():
        raise UsageError(f"what run {run.run_id} set aside is gone: flowers clean removed {folder}")
    files = sorted(str(path) for path in folder.iterdir())
    found = []
    for content in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        features = tf.train.Example.FromString(content).features.feature
        record, shard, reason = (
            features[name].bytes_list.value[0] for name in ("record", "shard", "reason")
        )
        index = features["index"].int64_list.value[0]
        found.append(QuarantinedRecord(shard.decode(), index, reason.decode(), record))
    yield from sorted(found, key=lambda item: (item.shard, item.index))


def export(item: QuarantinedRecord, folder: Path) -> Path:
    """Writes the image of a record, or all of it where it holds none; returns the file.

    The name is that of the shard with the record's index: `flowers03-150.tfrec-17.jpg`.
    """
    image = _image(item.record)
    suffix = next((s for start, s in _SUFFIXES.items() if image.startswith(start)), ".bin")
    path = folder / f"{Path(item.shard).name}-{item.index}{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image or item.record)
    return path


def _image(record: bytes) -> bytes:
    try:
        values = tf.train.Example.FromString(record).features.feature[IMAGE].bytes_list.value
    except DecodeError:
        return b""
    return bytes(values[0]) if values else b""
