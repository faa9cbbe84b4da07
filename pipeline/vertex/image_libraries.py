"""The libraries of the steps of a job, in their images."""

from functools import partial

from pipeline.compat import image_python
from pipeline.fingerprint import locked_version
from pipeline.settings.vertex import TRAINER, VertexSettings
from pipeline.steps import library_versions
from pipeline.vertex.machines import is_tpu


def image_libraries(vertex: VertexSettings) -> dict[str, str]:
    """Returns the libraries of each step, see `library_versions`.

    The images may be of another line of TFX than this environment, and that of a TPU is of another
    one than those of the other steps.
    """
    on_tpu = vertex.trainer is not None and is_tpu(vertex.trainer)
    return {**_versions(tpu=False), TRAINER: _versions(tpu=on_tpu)[TRAINER]}


def _versions(tpu: bool) -> dict[str, str]:
    return library_versions(partial(locked_version, python=image_python(tpu)))
