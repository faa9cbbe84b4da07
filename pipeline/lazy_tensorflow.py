"""Imports TensorFlow late and without its log output, for commands that have no log file."""

import os
import warnings
from types import ModuleType


def import_tensorflow() -> ModuleType:
    """Imports TensorFlow, which takes nine seconds, and hides its warnings."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import tensorflow
    return tensorflow
