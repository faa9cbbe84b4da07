"""The environment of the serving check's process; importing it does not import TensorFlow."""

import os

from data.common.onednn import ONEDNN


def probe_environment() -> dict[str, str]:
    """Returns the environment of this process, with Keras 2, without GPUs, with oneDNN by default.

    TensorFlow reserves all memory of a GPU for the first process, which was the training. And a run
    turns oneDNN on, which a server does not: its latencies are measured as a server has them.
    """
    return {
        **{name: value for name, value in os.environ.items() if name != ONEDNN},
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
