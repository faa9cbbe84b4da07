"""The interface of a model store, where versions of a model are pushed to and served from."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from data.common.files import digest_files

# The model card lies next to the files of a version and is not part of its digest.
CARD_FILE = "MODEL_CARD.md"
# The folder of withdrawn versions, next to the one that TensorFlow Serving watches.
WITHDRAWN = "withdrawn"


class SmokeCase(TypedDict):
    """A tf.Example in Base64, and the probabilities that a deployed model must answer."""

    example: str
    probabilities: list[float]


@dataclass(frozen=True)
class ServedVersion:
    """A version in a store: its number (0 if there is none), its location and its digest."""

    version: int = 0
    path: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Pushed(ServedVersion):
    """The version that holds a pushed model; `path` may be the resource name of the endpoint.

    Attributes:
      new: Whether this push created the version.
      withdrawn: Whether the model was withdrawn earlier and therefore does not serve.
    """

    new: bool = False
    withdrawn: bool = False


class ModelStore(Protocol):
    """A place that serves the newest version of a model."""

    def push(
        self,
        model: str,
        *,
        card: str = "",
        keep: int | None = None,
        smoke: Sequence[SmokeCase] = (),
    ) -> Pushed:
        """Makes a model the serving version, unless it is already or was withdrawn.

        Args:
          model: Folder of the SavedModel.
          card: Text of the model card. An endpoint has no place for it.
          keep: Number of versions to keep, at least the new one and its predecessor; None keeps
            all. An endpoint always keeps these two.
          smoke: Requests that a deployed model must answer correctly before it gets all traffic.
            Folders ignore them.
        """

    def baseline_for(self, digest: str) -> ServedVersion:
        """Returns the version that the model with this digest replaces, or has replaced.

        This is the newest version with another digest, so the answer for a model is the same before
        and after its push.
        """


def model_digest(model: str | os.PathLike[str]) -> str:
    """Returns a hex SHA-256 over names and contents of a SavedModel's files, local or remote."""
    folder = os.fspath(model)
    walk: Callable[..., Any] = os.walk
    opener: Callable[..., Any] = open
    if "://" in folder:
        # It takes seconds to import, and local folders do not need it.
        import tensorflow as tf

        walk, opener = tf.io.gfile.walk, tf.io.gfile.GFile
    paths = [os.path.join(place, name) for place, _, names in walk(folder) for name in names]
    files = {os.path.relpath(p, folder): p for p in paths if os.path.basename(p) != CARD_FILE}
    return digest_files(files, opener)
