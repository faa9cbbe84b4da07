"""Imports TensorFlow late and without its log output, for commands that have no log file."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from data.common.garbage_collection import no_garbage_collection


def import_tensorflow() -> ModuleType:
    """Imports TensorFlow, which takes nine seconds, and hides its warnings.

    Raises:
      ImportError: It cannot be imported; what it wrote is then shown.
    """
    if "tensorflow" in sys.modules:
        # Another thread may still be importing it; this waits for it.
        import tensorflow

        return tensorflow
    # It hides most of what follows the import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with hidden_errors(), no_garbage_collection(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import tensorflow
    return tensorflow


def load_saved_model(path: str) -> tuple[Any, list[str]]:
    """Returns a model of this project, whose folder may be on gs://, and its class names by id."""
    model = import_tensorflow().saved_model.load(path)
    return model, [name.decode() for name in model.class_names().numpy()]


@contextlib.contextmanager
def hidden_errors() -> Iterator[None]:
    """Hides what is written to descriptor 2, unless an error is raised.

    While its libraries are loaded, TensorFlow 2.21 writes there whatever its log level is, and so
    does TensorFlow Lite. If they end the process, their message is lost; `flowers doctor` shows it.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with tempfile.TemporaryFile() as hidden:
            os.dup2(hidden.fileno(), 2)
            try:
                yield
            except BaseException:
                hidden.seek(0)
                os.write(saved, hidden.read())
                raise
            finally:
                sys.stderr.flush()
                os.dup2(saved, 2)
    finally:
        os.close(saved)
