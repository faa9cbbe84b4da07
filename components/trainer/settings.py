"""The settings `model` and `trainer`: what decides the outcome of a training."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from data.common.settings_base import SettingsBase

NO_WEIGHTS, IMAGENET = "none", "imagenet"
PRETRAINED = ("xception", "keras_application")
# Values of model.warm_start; the third one, serving, takes a model that must be there.
COLD, IF_SERVING = "none", "if_serving"


class ModelSettings(SettingsBase):
    """Which network is trained, and from where."""

    name: Literal["dense", "convnet", "squeezenet", "xception", "keras_application"] = "squeezenet"
    weights: str = Field(NO_WEIGHTS, description="'none', 'imagenet', or the path of an .h5 file")
    frozen: bool = Field(False, description="train the last layer alone")
    application: str = Field("", description="a name of tf.keras.applications")
    warm_start: Literal["none", "serving", "if_serving"] = Field(
        "none", description="from the weights of the model that serves; if_serving: or of none yet"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "ModelSettings":
        if self.name not in PRETRAINED and (self.weights != NO_WEIGHTS or self.frozen):
            raise ValueError(
                f"weights and frozen are for {' and '.join(PRETRAINED)}, and name is {self.name}"
            )
        if self.frozen and self.weights == NO_WEIGHTS:
            raise ValueError("frozen needs weights: without them nothing but noise is frozen")
        if bool(self.application) != (self.name == "keras_application"):
            raise ValueError(
                "application names a network of tf.keras.applications, such as MobileNetV2, where "
                f"name is keras_application, and only there; name is {self.name}"
            )
        return self

    @property
    def bare(self) -> "ModelSettings":
        """The same network without any weights to begin with."""
        return self.model_copy(update={"weights": NO_WEIGHTS, "warm_start": COLD})

    @property
    def weights_file(self) -> str:
        """The path of the weights, or nothing."""
        return "" if self.weights in (NO_WEIGHTS, IMAGENET) else self.weights


class WarmStart(BaseModel):
    """The one model with whose weights a training begins.

    Attributes:
      version: as which it serves.
      run_id: the run that trained it.
      weights: the path of its Keras weights.
      digest: of that file.
      frozen: its setting `model.frozen`, on which the order of the weights depends.
      class_names: its classes in the order of their ids.
    """

    version: int
    run_id: str
    weights: str
    digest: str
    frozen: bool
    class_names: list[str]


class LearningRateSettings(SettingsBase):
    """Linear from `start` to `peak`, held, then exponentially towards `end`; by step.

    For one replica: with more of them, whose batches add up, all three are multiplied.
    """

    start: float = Field(1e-4, ge=0)
    peak: float = Field(0.003, gt=0, description="of Adam")
    end: float = Field(1e-5, ge=0)
    ramp_epochs: float = Field(1, ge=0)
    hold_epochs: float = Field(5, ge=0)
    decay: float = Field(0.87, gt=0, le=1, description="factor of an epoch")

    @model_validator(mode="after")
    def _ordered(self) -> "LearningRateSettings":
        if max(self.start, self.end) > self.peak:
            raise ValueError("start and end must not be above peak")
        return self


class AugmentSettings(SettingsBase):
    """Random changes to training images, drawn anew each epoch."""

    flip_left_right: bool = True
    saturation: tuple[float, float] | None = Field((0.0, 2.0), description="lowest, highest factor")

    @model_validator(mode="after")
    def _ordered(self) -> "AugmentSettings":
        if self.saturation and not 0 <= self.saturation[0] < self.saturation[1]:
            raise ValueError("saturation must be [low, high] with 0 <= low < high, or null")
        return self


class TrainerSettings(SettingsBase):
    """How the network is trained, and on what."""

    epochs: int = Field(35, ge=1)
    batch_size: int = Field(32, ge=1, description="examples a step, of each replica")
    learning_rate: LearningRateSettings = LearningRateSettings()
    seed: int = Field(0, ge=0, description="of weights, shuffling and augmentation")
    augment: AugmentSettings = AugmentSettings()
    early_stopping: int | None = Field(
        None, ge=1, description="end after so many epochs without a better one on eval"
    )
    strategy: Literal["auto", "tpu", "gpu", "cpu", "multiworker"] = "auto"
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    steps_per_execution: int = Field(1, ge=1, description="more of them keep a TPU busy")


class TrainingSettings(SettingsBase):
    """All of it, as it travels to the Trainer."""

    image_size: int
    model: ModelSettings
    trainer: TrainerSettings
