"""The names of the networks; a new one does not count as a change of the code of the others."""

from typing import Literal

# Each is a module in `models/`, with a function of the same name.
NetworkName = Literal["dense", "convnet", "squeezenet", "xception", "keras_application"]
# Those that accept pretrained weights.
PRETRAINED = ("xception", "keras_application")
