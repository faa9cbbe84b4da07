"""A version in memory: its signatures, its class names and its model card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.model_store.base import CARD_FILE
from pipeline.lazy_tensorflow import load_saved_model
from pipeline.serving.metadata import read_signatures
from pipeline.serving.signature import Signature, make_signatures


@dataclass(frozen=True)
class ServedModel:
    """A pushed version in memory.

    Attributes:
      version: Its number.
      class_names: The class names by class id.
      card: The model card as Markdown; empty if the version has none.
      signatures: The signatures that can be called, by name.
      metadata: All signatures, as TensorFlow Serving's metadata API describes them.
      loaded: What TensorFlow loaded; the variables live as long as this reference.
    """

    version: int
    class_names: Sequence[str]
    card: str
    signatures: Mapping[str, Signature]
    metadata: Mapping[str, Any]
    loaded: Any


def load_model(version: int, folder: Path, batch: int) -> ServedModel:
    """Loads a version and runs each of its signatures, so that the first request is not slow.

    Args:
      version: The number of the version.
      folder: The folder of the SavedModel.
      batch: The largest number of images that will be run at once.

    Raises:
      Exception: Anything that TensorFlow raises for a damaged or incomplete SavedModel.
    """
    loaded, class_names = load_saved_model(str(folder))
    card = folder / CARD_FILE
    model = ServedModel(
        version=version,
        class_names=class_names,
        card=card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
        signatures=make_signatures(loaded.signatures),
        metadata=read_signatures(folder),
        loaded=loaded,
    )
    for signature in model.signatures.values():
        signature.warm_up(batch)
    return model
