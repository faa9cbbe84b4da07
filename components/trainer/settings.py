"""The sections `model` and `trainer`: all settings that determine the trained weights."""

import os
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from components.artifacts import SERVING_FORMAT
from components.trainer.network_names import PRETRAINED, NetworkName
from components.transform.augmentation.setting import Augment
from data.common.settings_base import SettingsBase

NO_WEIGHTS, IMAGENET = "none", "imagenet"
# Values of model.warm_start; the third one, serving, requires a serving model.
COLD, IF_SERVING = "none", "if_serving"


class ModelSettings(SettingsBase):
    """Which network is trained, and from which weights."""

    name: NetworkName = Field("squeezenet", description="Network architecture.")
    weights: str = Field(
        NO_WEIGHTS,
        description="Pretrained weights of `xception` and `keras_application`: `none`, `imagenet`, "
        "or the path of an `.h5` file without the top layer.",
    )
    frozen: bool = Field(False, description="Train only the last layer; freeze the others.")
    body_factor: float = Field(
        1, gt=0, le=1,
        description="Factor of the learning rate for all layers but the last, if they start from "
        "trained weights: those of `weights` or of a warm start.",
    )  # fmt: skip
    application: str = Field(
        "", description="Name in `tf.keras.applications`, for `keras_application` only."
    )
    warm_start: Literal["none", "serving", "if_serving"] = Field(
        "none",
        description="Start from the weights of the serving model: `none` never, `serving` always "
        "(an error if there is none), `if_serving` if there is one.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "ModelSettings":
        if self.name not in PRETRAINED and (self.weights != NO_WEIGHTS or self.frozen):
            raise ValueError(
                f"weights and frozen are for {' and '.join(PRETRAINED)}, but name is {self.name}"
            )
        if self.frozen and self.weights == NO_WEIGHTS:
            raise ValueError("frozen needs weights: without them the frozen layers are random")
        if self.body_factor != 1 and self.weights == NO_WEIGHTS and self.warm_start == COLD:
            raise ValueError(
                f"body_factor is {self.body_factor:g}, but neither weights nor warm_start gives "
                "the network trained weights: set one of them, or body_factor to 1"
            )
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

    @property
    def model(self) -> str:
        """The folder of its SavedModel."""
        return os.path.join(os.path.dirname(os.path.dirname(self.weights)), SERVING_FORMAT)


class LearningRateSettings(SettingsBase):
    """The learning rate schedule: a linear ramp, a plateau, then a decay, per step.

    `start`, `peak` and `end` are for one replica and are multiplied by the number of replicas.
    """

    schedule: Literal["exponential", "cosine"] = Field(
        "exponential",
        description="The decay: `exponential` with the factor `decay`, or `cosine`, which reaches "
        "`end` with the last epoch.",
    )
    start: float = Field(1e-4, ge=0, description="Learning rate of the first step.")
    peak: float = Field(0.003, gt=0, description="Learning rate after the ramp, for one replica.")
    end: float = Field(1e-5, ge=0, description="Learning rate that the decay approaches.")
    ramp_epochs: float = Field(1, ge=0, description="Epochs of the ramp from `start` to `peak`.")
    hold_epochs: float = Field(5, ge=0, description="Duration of the plateau, in epochs.")
    decay: float = Field(
        0.87, gt=0, le=1,
        description="Factor by which the difference to `end` shrinks in each epoch of an "
        "exponential decay.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> "LearningRateSettings":
        if max(self.start, self.end) > self.peak:
            raise ValueError("start and end must not be above peak")
        return self


class TrainerSettings(SettingsBase):
    """How the network is trained, and on which devices."""

    epochs: int = Field(35, ge=1, description="Maximum number of epochs.")
    batch_size: int = Field(32, ge=1, description="Examples per step on each replica.")
    learning_rate: LearningRateSettings = LearningRateSettings()
    seed: int = Field(0, ge=0, description="Random seed of weights, shuffling and augmentation.")
    augment: Augment = Field(
        "codelab",
        validate_default=True,
        description="Random changes of the training images, drawn anew in each epoch: the name of "
        "a preset, or a list of ops, see docs/training.md; `[]`: none.",
    )
    weight_decay: float = Field(
        0, ge=0,
        description="Part of the kernels, times the learning rate, by which they shrink in each "
        "step (AdamW), such as 0.02; 0: plain Adam.",
    )  # fmt: skip
    clip_norm: float | None = Field(
        None, gt=0,
        description="Largest global norm of the gradients of a step; null: no limit.",
    )  # fmt: skip
    label_smoothing: float = Field(
        0, ge=0, lt=1,
        description="Part of each training label that is spread over all classes, such as 0.1.",
    )  # fmt: skip
    class_weights: Literal["none", "balanced"] = Field(
        "none",
        description="`balanced`: in training, all classes count the same, however many images "
        "they have.",
    )
    ema: float | None = Field(
        None, gt=0, lt=1,
        description="Decay of the moving average of the weights, such as 0.999, which is validated "
        "and exported instead of them; null: no average.",
    )  # fmt: skip
    early_stopping: int | None = Field(
        None, ge=1,
        description="Stop after this many epochs without improvement on eval; null: never.",
    )  # fmt: skip
    strategy: Literal["auto", "tpu", "gpu", "cpu", "multiworker"] = Field(
        "auto",
        description="Devices to train on: `auto` takes a TPU, else GPUs, else the CPU; "
        "`multiworker` takes the workers of TF_CONFIG. A device that is missing is an error.",
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32",
        description="Data type of the computation; the mixed types keep weights in float32.",
    )
    steps_per_execution: int = Field(
        1, ge=1, description="Training steps per call to the device; larger values keep a TPU busy."
    )


class TrainingSettings(SettingsBase):
    """All settings of the Trainer, as they are passed to it."""

    image_size: int
    model: ModelSettings
    trainer: TrainerSettings
