"""The workers of a training on several machines: one of them, the chief, keeps state and model."""

import io
import json
import os

import numpy as np
import tensorflow as tf

# Bytes that the workers exchange at once, as int64, which the all-reduce of every device supports.
_CHUNK_BYTES = 2**24
_NUMBER = np.dtype(np.int64)


def is_chief(strategy_name: str) -> bool:
    """Returns whether this process is the worker that writes the model.

    Args:
      strategy_name: The value of `trainer.strategy`.
    """
    if strategy_name != "multiworker":
        return True
    config = json.loads(os.environ["TF_CONFIG"])
    task = config["task"]
    # TensorFlow's rule: the first worker is the chief if no other task is.
    first = task["type"] == "worker" and task["index"] == 0
    return task["type"] == "chief" or (first and not config.get("cluster", {}).get("chief"))


def workers() -> int:
    """Returns the number of workers in TF_CONFIG that train; 1 if it is not set."""
    cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
    return max(sum(len(cluster.get(kind, ())) for kind in ("chief", "worker")), 1)


def several_workers() -> bool:
    """Returns whether the strategy of the current scope has several workers."""
    strategy = tf.distribute.get_strategy()
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def checkpoint_of_chief(latest: str | None, folder: str) -> str | None:
    """Returns the path of the chief's checkpoint, of which every other worker gets a copy.

    All workers call it in the scope of their strategy; it waits for all of them. The workers need
    no common file system.

    Args:
      latest: The path of the chief's checkpoint, without suffix; None if it has none, and on the
        other workers.
      folder: The local folder for the copy.
    """
    chief = tf.distribute.get_strategy().extended.should_checkpoint
    content = content_of_chief(_pack(latest) if chief and latest else b"")
    if chief or not content:
        return latest
    return _unpack(content, folder)


def content_of_chief(content: bytes) -> bytes:
    """Broadcasts the bytes of the chief; all workers call it."""
    size = int(_numbers_of_chief(np.array([len(content)], _NUMBER))[0])
    padded = size + -size % _NUMBER.itemsize
    own = content[:size].ljust(padded, b"\0")
    chunks = (own[start : start + _CHUNK_BYTES] for start in range(0, padded, _CHUNK_BYTES))
    received = [_numbers_of_chief(np.frombuffer(chunk, _NUMBER)).tobytes() for chunk in chunks]
    return b"".join(received)[:size]


def _numbers_of_chief(numbers: np.ndarray) -> np.ndarray:
    """Returns the chief's int64 array; the other workers add zeros of the same shape to it."""
    strategy = tf.distribute.get_strategy()

    @tf.function(autograph=False)
    def add_up(own: tf.Tensor) -> tf.Tensor:
        replica = tf.distribute.get_replica_context()
        # The first replica is one of the chief's.
        given = tf.where(tf.equal(replica.replica_id_in_sync_group, 0), own, tf.zeros_like(own))
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, given)

    result = strategy.run(add_up, args=(tf.constant(numbers),))
    return np.asarray(strategy.experimental_local_results(result)[0])


def _pack(checkpoint: str) -> bytes:
    """Returns the files of a checkpoint as one sequence of bytes."""
    files = {}
    for path in tf.io.gfile.glob(f"{checkpoint}.*"):
        with tf.io.gfile.GFile(path, "rb") as file:
            files[os.path.basename(path)] = np.frombuffer(file.read(), np.uint8)
    content = io.BytesIO()
    np.savez(content, **files)
    return content.getvalue()


def _unpack(content: bytes, folder: str) -> str:
    """Writes the files of a checkpoint to a local folder and returns its path, without suffix."""
    with np.load(io.BytesIO(content)) as files:
        for name in files.files:
            files[name].tofile(os.path.join(folder, name))
        return os.path.join(folder, os.path.splitext(files.files[0])[0])
