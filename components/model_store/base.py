"""The interface of a model store, where versions of a model are pushed to and served from."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

from components.artifacts import gfile
from data.common.files import digest_files

# The model card lies next to the files of a version and is not part of its digest.
CARD_FILE = "MODEL_CARD.md"
# Starts the names of the files by which pushes to a bucket claim a number; not part of a model.
CLAIM = ".push-"
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
      newer: The version that serves instead, from a push at the same time; 0 if there is none.
    """

    new: bool = False
    withdrawn: bool = False
    newer: int = 0


class ModelStore(Protocol):
    """A place that serves the newest version of a model."""

    def push(
        self,
        model: str,
        *,
        card: str = "",
        keep: int | None = None,
        smoke: Sequence[SmokeCase] = (),
        lite: str = "",
    ) -> Pushed:
        """Makes a model the serving version, unless it is already or was withdrawn.

        Args:
          model: Folder of the SavedModel.
          card: Text of the model card. An endpoint has no place for it.
          keep: Number of versions to keep, at least the new one and its predecessor; None keeps
            all. An endpoint always keeps these two.
          smoke: Requests that a deployed model must answer correctly before it gets all traffic.
            Folders ignore them.
          lite: Path of the model as a TensorFlow Lite file, empty if there is none. An endpoint has
            no place for it.
        """

    def baseline_for(self, digest: str) -> ServedVersion:
        """Returns the version that the model with this digest replaces, or has replaced.

        This is the newest version with another digest, so the answer for a model is the same before
        and after its push.
        """


def list_model_files(model: str) -> list[str]:
    """Returns the names of a model's files, relative to its folder, without the model card."""
    walk = gfile().walk if "://" in model else os.walk
    paths = [os.path.join(folder, name) for folder, _, names in walk(model) for name in names]
    return [os.path.relpath(p, model) for p in paths if _is_of_model(os.path.basename(p))]


def _is_of_model(name: str) -> bool:
    return name != CARD_FILE and not name.startswith(CLAIM)


def model_digest(model: str | os.PathLike[str]) -> str:
    """Returns a hex SHA-256 over names and contents of a SavedModel's files, local or remote."""
    folder = os.fspath(model)
    opener = gfile().GFile if "://" in folder else open
    return digest_files({f: os.path.join(folder, f) for f in list_model_files(folder)}, opener)
