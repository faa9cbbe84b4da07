"""Importing TensorFlow without its noise, for the commands that have no log file."""

import os
import warnings
from types import ModuleType


def import_tensorflow() -> ModuleType:
    """Imports TensorFlow, which takes nine seconds; its warnings are no news."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import tensorflow
    return tensorflow
