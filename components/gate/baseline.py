"""The baseline: the serving model, on the test images that it has not seen.

A new model has seen no test image: its splits are disjoint, and the Trainer refuses to start from a
model that has seen one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.image_hashes import read_seen
from components.model_store.base import ServedVersion
from components.predictions.served_model import ServedModel


@dataclass(frozen=True)
class Comparison:
    """The model to compare with.

    Attributes:
      version: Its version; 0 if there is none to compare with.
      model: The model; None if there is none to compare with.
      seen: The hashes of the images that it has seen, uint64 [n]; None if none of them is a test
        image.
      problem: Why there is no comparison.
      advice: What a user can do about it; empty if the reason is an ordinary one.
    """

    version: int = 0
    model: ServedModel | None = None
    seen: np.ndarray | None = None
    problem: str = ""
    advice: str = ""


NO_SERVING_MODEL = Comparison(problem="there is no other serving model")


def find_comparison(
    serving: ServedVersion,
    digest: str,
    class_names: Sequence[str],
    test_hashes: np.ndarray,
    min_examples: int,
) -> Comparison:
    """Loads the serving model if a new model can be compared with it.

    Args:
      serving: The serving version.
      digest: The digest of the new model.
      class_names: The class names of the new model.
      test_hashes: The hashes of the test images, see `components.image_hashes`.
      min_examples: The smallest number of test images for a comparison.
    """
    if not serving.version:
        return NO_SERVING_MODEL
    name = f"version {serving.version}, the serving model,"
    if serving.digest == digest:
        return Comparison(problem=f"{name} is this model")
    seen = read_seen(serving.path)
    if seen is None:
        return Comparison(
            problem=f"{name} does not record which images it has seen",
            advice="models are compared again once a model of this version of flowers serves",
        )
    is_seen = np.isin(test_hashes, seen)
    unseen = int((~is_seen).sum())
    if is_seen.any() and unseen < min_examples:
        return Comparison(
            problem=f"{name} has seen {is_seen.sum()} of the {len(is_seen)} test images in its "
            f"training, {unseen} are left, and gate.min_examples is {min_examples}",
            advice="to compare the models, undo the change of data.split_salt, data.splits or "
            "data.group_near_duplicates, or add test images",
        )
    model = ServedModel(serving.path)
    if model.class_names != class_names:
        return Comparison(problem=f"{name} has other classes")
    return Comparison(serving.version, model, seen if is_seen.any() else None)
