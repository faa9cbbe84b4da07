"""The parts that all networks share: the Keras model class, its input and the last layer."""

from collections.abc import Callable

import tensorflow as tf

from components.trainer.loss import TrainingTargets
from components.trainer.moving_average import MovingAverage


class Classifier(tf.keras.Model):
    """A Keras model with the training and validation steps of this project.

    AutoGraph does not convert them. In TensorFlow 2.16 it would convert the source of tf_keras
    itself: the first step of SqueezeNet took 25 s with the conversion and takes 5 s without; the
    graph is the same.

    Attributes, which are set before the model is compiled:
      mixing: Mixes images and labels of a training batch with the random numbers of a step, see
        `components.transform.augmentation.mixing`; None leaves them as they are.
      targets: Computes the targets of a training step from its labels; None: they are the labels.
      average: The moving average of the weights; None: there is none.
    """

    mixing: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None
    targets: TrainingTargets | None = None
    average: MovingAverage | None = None

    @property
    def last_layer(self) -> tf.keras.layers.Layer:
        """The dense layer before the softmax, see `probabilities`."""
        return self.layers[-2]

    @property
    def validated(self) -> tf.keras.Model:
        """The network that is validated and whose weights are kept: the average if there is one."""
        return self.average.network if self.average else self

    @tf.autograph.experimental.do_not_convert
    def train_step(self, data: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """See tf.keras.Model; the data is images and labels."""
        images, labels = data
        if self.mixing:
            images, labels = self.mixing(images, labels, self.number_of_step())
        targets = self.targets(labels) if self.targets else (labels,)
        metrics: dict[str, tf.Tensor] = super().train_step((images, *targets))
        if self.average:
            self.average.update(self.optimizer.iterations)
        return metrics

    def number_of_step(self) -> tf.Tensor:
        """Returns a number that no other step and no other replica has, int64 scalar.

        It continues after an interruption, because the optimizer counts the finished steps.
        """
        replica = tf.distribute.get_replica_context()
        number = tf.cast(replica.replica_id_in_sync_group, tf.int64)
        return self.optimizer.iterations * replica.num_replicas_in_sync + number

    @tf.autograph.experimental.do_not_convert
    def test_step(self, data: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """See tf.keras.Model; the data is images, labels and the weights of the examples."""
        images, labels, weights = tf.keras.utils.unpack_x_y_sample_weight(data)
        outputs = self.validated(images, training=False)
        self.compute_loss(images, labels, outputs, weights)
        return self.compute_metrics(images, labels, outputs, weights)

    def compute_metrics(
        self, x: tf.Tensor, y: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """See tf.keras.Model.

        A soft label, which only training has, counts as its likeliest class, and each example of it
        counts the same whatever the weight of its class.
        """
        if y.shape.rank == 2:
            y, sample_weight = tf.argmax(y, axis=-1), None
        metrics: dict[str, tf.Tensor] = super().compute_metrics(x, y, y_pred, sample_weight)
        return metrics


def pixels(image_size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the input of a network, uint8 `[batch, size, size, 3]`, and the same in [0, 1].

    The network divides by 255 itself, so that an accelerator gets the bytes, and so that training,
    evaluation and serving cannot differ in it.
    """
    image = tf.keras.Input([image_size, image_size, 3], dtype="uint8")
    return image, tf.keras.layers.Rescaling(1 / 255, dtype="float32")(image)


def probabilities(x: tf.Tensor, classes: int) -> tf.Tensor:
    """Returns float32 `[batch, classes]` from features `[batch, n]` of any precision."""
    logits = tf.keras.layers.Dense(classes, dtype="float32")(x)
    return tf.keras.layers.Softmax(dtype="float32")(logits)
