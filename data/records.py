"""Records: labelled images as tf.train.Examples, and the files that contain them."""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import tensorflow as tf

# TensorFlow's public names for this reader are deprecated and log that, or are those of tf.data,
# which takes longer for each record than a small image takes to be decoded.
from tensorflow.python.lib.io._pywrap_record_io import RecordIterator

from data.common.files import GZIP_START
from data.features import CLASS, IMAGE, LABEL, ONE_HOT_CLASS, SIZE, SOURCE

# The times between attempts to read a remote file, in seconds.
RETRY_SECONDS = (1, 4, 16)


class ReadError(OSError):
    """A record file cannot be read now, although it may be whole: a bucket that does not answer."""


def read_records(file: str) -> Iterator[bytes]:
    """Yields the serialized records of a TFRecord file, which may be compressed with GZIP.

    Reading a remote file is tried several times, because requests to a bucket fail at times.

    Raises:
      tf.errors.DataLossError: The file is damaged, see `describe_damage`.
      ReadError: The file cannot be read for another reason.
    """
    number = failures = 0
    waits = RETRY_SECONDS if "://" in file else ()
    while True:
        try:
            for record in islice(RecordIterator(file, _compression(file)), number, None):
                number += 1
                failures = 0
                yield record
            return
        except tf.errors.DataLossError:
            raise
        except tf.errors.OpError as error:
            if failures == len(waits):
                # TensorFlow's message begins with the path as well.
                reason = error.message.removeprefix(f"{file}; ")
                raise ReadError(f"{file} cannot be read: {reason}") from error
            time.sleep(waits[failures])
            failures += 1


def read_files(files: Iterable[str]) -> Iterator[bytes]:
    """Yields the serialized records of TFRecord files in order, see `read_records`."""
    for file in files:
        yield from read_records(file)


def _compression(file: str) -> str:
    """Returns the compression of a TFRecord file, as TensorFlow names it."""
    with tf.io.gfile.GFile(file, "rb") as stream:
        if stream.read(len(GZIP_START)) != GZIP_START:
            return ""
    try:
        # The length of an uncompressed first record can have the same bytes.
        next(RecordIterator(file, ""))
    except tf.errors.DataLossError:
        return "GZIP"
    return ""


def open_writer(path: str) -> tf.io.TFRecordWriter:
    """Returns a writer of a TFRecord file in the format GZIP, which stores without compressing.

    Encoded images hardly shrink, and compressing a JPEG takes longer than decoding it.
    """
    return tf.io.TFRecordWriter(path, tf.io.TFRecordOptions("GZIP", compression_level=0))


def record_id(record: bytes) -> str:
    """Returns the id of an example: the first 16 hex digits of the SHA-256 of its record."""
    return hashlib.sha256(record).hexdigest()[:16]


def encode_example(
    image: bytes,
    class_id: int,
    class_names: Sequence[str],
    size: tuple[int, int],
    source: str = "",
) -> bytes:
    """Returns one serialized tf.train.Example in the layout of `data.features`.

    Args:
      image: The encoded image, as in its file.
      class_id: The index of its class in `class_names`.
      class_names: The class names.
      size: Width and height of the image in pixels.
      source: The path of the image file; empty if there is none.

    Raises:
      ValueError: `class_id` is not an index into `class_names`.
    """
    if not 0 <= class_id < len(class_names):
        raise ValueError(f"class id {class_id} is outside 0..{len(class_names) - 1}")
    one_hot = [float(index == class_id) for index in range(len(class_names))]
    features = {
        IMAGE: bytes_feature(image),
        CLASS: ints_feature([class_id]),
        LABEL: bytes_feature(class_names[class_id].encode()),
        SIZE: ints_feature(size),
        ONE_HOT_CLASS: tf.train.Feature(float_list=tf.train.FloatList(value=one_hot)),
    }
    if source:
        features[SOURCE] = bytes_feature(source.encode())
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def shard_name(prefix: str, index: int, count: int) -> str:
    """Returns the file name of shard `index` with `count` records: `flowers03-150.tfrec`."""
    return f"{prefix}{index:02d}-{count}.tfrec"


def describe_damage(error: tf.errors.DataLossError) -> str:
    """Returns the kind and byte offset of the damage of a file."""
    found = re.search(r"(truncated|corrupted) record at (\d+)", error.message)
    return f"{found[1]} record at byte {found[2]}" if found else str(error.message)


def bytes_feature(value: bytes) -> tf.train.Feature:
    """Returns a feature with a single bytes value."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def ints_feature(values: Sequence[int]) -> tf.train.Feature:
    """Returns a feature with int64 values."""
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
