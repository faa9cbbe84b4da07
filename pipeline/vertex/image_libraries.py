"""The libraries of the steps of a job, in their images."""

from functools import partial

from pipeline.compat import image_python
from pipeline.fingerprint import locked_version
from pipeline.settings.vertex import TRAINER, VertexSettings
from pipeline.steps import library_versions
from pipeline.vertex.machines import is_tpu


def image_libraries(vertex: VertexSettings) -> dict[str, str]:
    """Returns the libraries of each step, see `library_versions`.

    The images may have another line of TFX than this environment, and the Trainer's image for a TPU
    another one than the image of the other steps.
    """
    others = _versions(image_python(tpu=False))
    return {**others, TRAINER: _versions(_trainer_python(vertex))[TRAINER]}


def trainer_tensorflow(vertex: VertexSettings) -> str:
    """Returns the version of TensorFlow in the Trainer's image, which exports the model."""
    return locked_version("tensorflow", _trainer_python(vertex))


def _trainer_python(vertex: VertexSettings) -> str:
    return image_python(tpu=vertex.trainer is not None and is_tpu(vertex.trainer))


def _versions(python: str) -> dict[str, str]:
    return library_versions(partial(locked_version, python=python))
