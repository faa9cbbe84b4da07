"""The ops of augmentation and their parameters; importing it does not import TensorFlow."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from data.common.settings_base import SettingsBase


def _ordered(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError("must be [low, high] with low <= high")
    return values


_Share = Annotated[float, Field(ge=0, le=1)]
_Area = Annotated[float, Field(ge=0.01, le=1)]
_Aspect = Annotated[float, Field(ge=0.1, le=10)]
_Factor = Annotated[float, Field(ge=0, le=10)]
_Quality = Annotated[int, Field(ge=1, le=100)]
Areas = Annotated[tuple[_Area, _Area], AfterValidator(_ordered)]
Aspects = Annotated[tuple[_Aspect, _Aspect], AfterValidator(_ordered)]
Factors = Annotated[tuple[_Factor, _Factor], AfterValidator(_ordered)]
Qualities = Annotated[tuple[_Quality, _Quality], AfterValidator(_ordered)]


class Op(SettingsBase):
    """A random change of training images; the fields of a subclass are its parameters."""

    @property
    def plain(self) -> dict[str, Any]:
        """The op as settings contain it, such as `{"brightness": 0.2}`."""
        values = self.model_dump(mode="json")
        (name,) = (name for name, kind in OPS.items() if isinstance(self, kind))
        return {name: values if len(values) > 1 else next(iter(values.values()))}


class ImageOp(Op):
    """An op that changes each image on its own, on the host."""


class BatchOp(Op):
    """An op that mixes the images of a batch and their labels, on the device.

    What an image keeps of itself is drawn from Beta(alpha, alpha): a small `alpha` keeps nearly all
    or nearly nothing.
    """

    alpha: float = Field(ge=0.01, le=10)


class FlipLeftRight(ImageOp):
    """Mirrors some of the images; `probability` is their share."""

    probability: _Share = 0.5


class Saturation(ImageOp):
    """Multiplies the saturation in HSV by a random factor: 0 gives gray, 1 changes nothing."""

    factor: Factors = (0.8, 1.2)


class RandomResizedCrop(ImageOp):
    """Enlarges a random part of the image to its whole size.

    Szegedy et al., "Going deeper with convolutions", 2014, https://arxiv.org/abs/1409.4842.
    `area` is the share of the image; `aspect` the width of the part divided by its height, drawn on
    a logarithmic scale. A part that would be wider or higher than the image ends at its border.
    """

    area: Areas = (0.35, 1.0)
    aspect: Aspects = (0.75, 1.3333)


class Rotation(ImageOp):
    """Turns the image by up to so many degrees; the corners show its mirrored border."""

    degrees: float = Field(15.0, ge=0, le=180)


class Brightness(ImageOp):
    """Adds up to `delta` to all channels, or subtracts it; 1 is the whole range of values."""

    delta: _Share = 0.2


class Contrast(ImageOp):
    """Multiplies the distance of each channel from its mean by a random factor."""

    factor: Factors = (0.8, 1.2)


class Hue(ImageOp):
    """Turns the hue by up to `delta` in either direction; 1 is the whole circle of colors."""

    delta: float = Field(0.03, ge=0, le=0.5)


class Blur(ImageOp):
    """Blurs by a Gaussian of up to `sigma`, in percent of the side of the image."""

    sigma: float = Field(1.0, ge=0, le=5)


class Jpeg(ImageOp):
    """Encodes the image as a JPEG of random quality, and decodes it."""

    quality: Qualities = (30, 95)


class RandomErasing(ImageOp):
    """Fills a random rectangle with the mean color of the image.

    Zhong et al., "Random erasing data augmentation", 2017, https://arxiv.org/abs/1708.04896.
    `probability` is the share of the images that are changed, `area` that of the rectangle.
    """

    probability: _Share = 0.25
    area: Areas = (0.02, 0.2)


class RandAugment(ImageOp):
    """Applies random changes of one magnitude, one after the other.

    Cubuk et al., "RandAugment", 2019, https://arxiv.org/abs/1909.13719, without the two changes
    that have no magnitude, AutoContrast and Equalize. `magnitude` 1 is the largest of the paper (30
    of 30), 0 changes nothing.
    """

    changes: int = Field(2, ge=1, le=4)
    magnitude: _Share = 0.3


class MixUp(BatchOp):
    """Blends each image and its label with those of another image of the batch.

    Zhang et al., "mixup: beyond empirical risk minimization", 2017,
    https://arxiv.org/abs/1710.09412.
    """

    alpha: float = Field(0.2, ge=0.01, le=10)


class CutMix(BatchOp):
    """Replaces a rectangle of each image by that of another one; the labels follow the areas.

    Yun et al., "CutMix", 2019, https://arxiv.org/abs/1905.04899.
    """

    alpha: float = Field(1.0, ge=0.01, le=10)


# The position of an op in this table chooses its random numbers, so new ones are added at the end.
OPS: dict[str, type[Op]] = {
    "flip_left_right": FlipLeftRight,
    "saturation": Saturation,
    "random_resized_crop": RandomResizedCrop,
    "rotation": Rotation,
    "brightness": Brightness,
    "contrast": Contrast,
    "hue": Hue,
    "blur": Blur,
    "jpeg": Jpeg,
    "random_erasing": RandomErasing,
    "rand_augment": RandAugment,
    "mixup": MixUp,
    "cutmix": CutMix,
}
