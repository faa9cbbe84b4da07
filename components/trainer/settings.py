"""The sections `model` and `trainer` of the settings."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from data.common.settings_base import SettingsBase

NO_WEIGHTS, IMAGENET = "none", "imagenet"
PRETRAINED = ("xception", "keras_application")
# Values of model.warm_start; the third one, serving, requires a serving model.
COLD, IF_SERVING = "none", "if_serving"


class ModelSettings(SettingsBase):
    """The network and its initial weights."""

    name: Literal["dense", "convnet", "squeezenet", "xception", "keras_application"] = "squeezenet"
    weights: str = Field(NO_WEIGHTS, description="'none', 'imagenet', or the path of an .h5 file")
    frozen: bool = Field(False, description="train the last layer alone")
    application: str = Field("", description="a name of tf.keras.applications")
    warm_start: Literal["none", "serving", "if_serving"] = Field(
        "none", description="start from the serving model; if_serving: if there is one"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "ModelSettings":
        if self.name not in PRETRAINED and (self.weights != NO_WEIGHTS or self.frozen):
            raise ValueError(
                f"weights and frozen are for {' and '.join(PRETRAINED)}, but name is {self.name}"
            )
        if self.frozen and self.weights == NO_WEIGHTS:
            raise ValueError("frozen needs weights: without them the frozen layers are random")
        if bool(self.application) != (self.name == "keras_application"):
            raise ValueError(
                "application names a network of tf.keras.applications, such as MobileNetV2, if and "
                f"only if name is keras_application; name is {self.name}"
            )
        return self

    @property
    def bare(self) -> "ModelSettings":
        """The same network with random initial weights."""
        return self.model_copy(update={"weights": NO_WEIGHTS, "warm_start": COLD})

    @property
    def weights_file(self) -> str:
        """The path of the weights; empty if they come from elsewhere."""
        return "" if self.weights in (NO_WEIGHTS, IMAGENET) else self.weights


class WarmStart(BaseModel):
    """The model whose weights a training starts from.

    Attributes:
      version: Version under which it serves.
      run_id: Run that trained it.
      weights: Path of its Keras weights.
      digest: Digest of that file.
      frozen: Its setting `model.frozen`, which determines the order of the weights.
      class_names: Its class names in the order of their ids.
    """

    version: int
    run_id: str
    weights: str
    digest: str
    frozen: bool
    class_names: list[str]


class LearningRateSettings(SettingsBase):
    """Rises linearly from `start` to `peak`, holds, then decays exponentially towards `end`.

    The rates are those of one replica; they are multiplied by the number of replicas.
    """

    start: float = Field(1e-4, ge=0)
    peak: float = Field(0.003, gt=0, description="learning rate of Adam")
    end: float = Field(1e-5, ge=0)
    ramp_epochs: float = Field(1, ge=0)
    hold_epochs: float = Field(5, ge=0)
    decay: float = Field(0.87, gt=0, le=1, description="factor per epoch")

    @model_validator(mode="after")
    def _ordered(self) -> "LearningRateSettings":
        if max(self.start, self.end) > self.peak:
            raise ValueError("start and end must not be above peak")
        return self


class AugmentSettings(SettingsBase):
    """Random changes to training images, different in each epoch."""

    flip_left_right: bool = True
    saturation: tuple[float, float] | None = Field((0.0, 2.0), description="lowest, highest factor")

    @model_validator(mode="after")
    def _ordered(self) -> "AugmentSettings":
        if self.saturation and not 0 <= self.saturation[0] < self.saturation[1]:
            raise ValueError("saturation must be [low, high] with 0 <= low < high, or null")
        return self


class TrainerSettings(SettingsBase):
    """How the network is trained, and on which devices."""

    epochs: int = Field(35, ge=1)
    batch_size: int = Field(32, ge=1, description="examples per step and replica")
    learning_rate: LearningRateSettings = LearningRateSettings()
    seed: int = Field(0, ge=0, description="seed of weights, shuffling and augmentation")
    augment: AugmentSettings = AugmentSettings()
    early_stopping: int | None = Field(
        None, ge=1, description="stop after this many epochs without a better one on eval"
    )
    strategy: Literal["auto", "tpu", "gpu", "cpu", "multiworker"] = "auto"
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    steps_per_execution: int = Field(1, ge=1, description="more than 1 keeps a TPU busy")


class TrainingSettings(SettingsBase):
    """All settings of a training, as the Trainer gets them."""

    image_size: int
    model: ModelSettings
    trainer: TrainerSettings
