"""The devices of a training: the requested strategy, or an error that says what is missing."""

import contextlib
import functools
import importlib.util
import os
from collections.abc import Iterator

import tensorflow as tf

from components.trainer.tpu_devices import tpu_files
from components.trainer.workers import workers
from data.common.cores import available_cores
from data.common.errors import UsageError


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Returns the strategy for a value of `trainer.strategy`.

    Args:
      name: `cpu`: one replica on each logical CPU device, usually one. `gpu`: one on each GPU.
        `tpu`: one on each core of the TPU of this machine. `multiworker`: one on each worker in
        TF_CONFIG. `auto`: the TPU if there is one, else the GPUs, else the CPU.

    Raises:
      UsageError: The devices are not available.
    """
    if name == "auto":
        gpus = tf.config.list_physical_devices("GPU")
        name = "tpu" if _has_tpu() else "gpu" if gpus else "cpu"
    if name == "tpu":
        return _tpu()
    if name == "multiworker":
        return _multiworker()
    return _on_this_machine(name.upper())


def fewest_replicas(name: str) -> int:
    """Returns the number of replicas of a strategy without starting it, which a TPU takes long for.

    A chip of a TPU counts as one replica, although those of v2 and v3 have two cores.

    Args:
      name: The value of `trainer.strategy`.
    """
    if name in ("auto", "tpu") and _has_tpu():
        return len(tpu_files())
    if name == "cpu":
        return 1
    gpus = max(len(tf.config.list_physical_devices("GPU")), 1)
    return gpus * (workers() if name == "multiworker" else 1)


def describe(strategy: tf.distribute.Strategy) -> str:
    """Returns a description of the devices of a strategy."""
    replicas = strategy.num_replicas_in_sync
    if isinstance(strategy, tf.distribute.TPUStrategy):
        return f"TPU ({replicas} cores)"
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return f"{replicas} replicas on several workers"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and not isinstance(strategy, tf.distribute.OneDeviceStrategy):
        names = {tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus}
        return f"{replicas} GPU ({', '.join(sorted(map(str, names)))})"
    cpu = f"CPU ({available_cores()} cores)"
    return cpu if replicas == 1 else f"{replicas} replicas on {cpu}"


def several_replicas() -> bool:
    """Returns whether the strategy of the current scope has more than one replica.

    Only then BatchNormalization is synchronized: Keras has no fused kernel for it, and SqueezeNet
    took a third longer.
    """
    return tf.distribute.get_strategy().num_replicas_in_sync > 1


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Sets Keras's global precision policy inside the context."""
    previous = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        tf.keras.mixed_precision.set_global_policy(previous)


def _tpu() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu="local")
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        cause = str(error).partition("\n")[0]
        raise UsageError(
            f"trainer.strategy is tpu, but TensorFlow cannot use a TPU here ({cause}); use a TPU "
            "VM with tensorflow-tpu instead of tensorflow, or set trainer.strategy to gpu, cpu or "
            "auto"
        ) from error


@functools.cache
def _multiworker() -> tf.distribute.Strategy:
    """Returns the one strategy of this process: a second one would connect the workers again.

    Workers that have connected already would then wait for answers to requests that were dropped.
    """
    if not os.environ.get("TF_CONFIG"):
        raise UsageError(
            "trainer.strategy is multiworker, but TF_CONFIG does not name the workers; set it, "
            "or set trainer.strategy to gpu, cpu or auto"
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def _on_this_machine(kind: str) -> tf.distribute.Strategy:
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if not devices:
        raise UsageError(
            f"trainer.strategy is {kind.lower()}, but TensorFlow sees no {kind} here; see `flowers "
            "doctor`, or set trainer.strategy to cpu or auto"
        )
    if len(devices) > 1:
        return tf.distribute.MirroredStrategy(devices)
    if kind == "CPU" and tf.config.list_physical_devices("GPU"):
        return tf.distribute.OneDeviceStrategy(devices[0])
    # TensorFlow's default strategy, which uses the only device.
    return tf.distribute.get_strategy()


def _has_tpu() -> bool:
    """Returns whether this is a TPU VM with TensorFlow's build for TPUs, which installs libtpu."""
    return importlib.util.find_spec("libtpu") is not None and bool(tpu_files())
