"""The presets of augmentation, in the form of the setting `trainer.augment`."""

from typing import Any

# Google's codelab "Modern convnets".
_CODELAB = ["flip_left_right", {"saturation": [0.0, 2.0]}]
# Framing, aspect ratio and light of other photographs; cheap.
_STANDARD = [
    {"random_resized_crop": {"area": [0.35, 1.0], "aspect": [0.75, 1.3333]}},
    "flip_left_right",
    {"brightness": 0.2},
    {"contrast": [0.8, 1.2]},
    {"saturation": [0.8, 1.2]},
    {"hue": 0.03},
]
# For large networks and long trainings: it changes images until a small network cannot learn them.
_STRONG = [
    *_STANDARD,
    {"rand_augment": {"changes": 2, "magnitude": 0.3}},
    {"random_erasing": {"probability": 0.25, "area": [0.02, 0.2]}},
    {"mixup": 0.2},
    {"cutmix": 1.0},
]
PRESETS: dict[str, list[Any]] = {"codelab": _CODELAB, "standard": _STANDARD, "strong": _STRONG}
