"""The parts that all networks share: the Keras model class, its input and the last layer."""

from collections.abc import Callable

import tensorflow as tf


class Classifier(tf.keras.Model):
    """A Keras model whose steps AutoGraph does not convert.

    In TensorFlow 2.16, AutoGraph converts the source of tf_keras itself: the first step of
    SqueezeNet took 25 s with the conversion and takes 5 s without; the graph is the same.

    Attributes:
      mixing: Mixes images and labels of a training batch with the random numbers of a step, see
        `components.transform.augmentation.mixing`; None leaves them as they are.
    """

    mixing: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]] | None = None

    @tf.autograph.experimental.do_not_convert
    def train_step(self, data: tuple[tf.Tensor, ...]) -> dict[str, tf.Tensor]:
        """See tf.keras.Model; the data is images and labels, which are mixed first."""
        if self.mixing:
            images, labels = data
            data = self.mixing(images, labels, self.number_of_step())
        metrics: dict[str, tf.Tensor] = super().train_step(data)
        return metrics

    def number_of_step(self) -> tf.Tensor:
        """Returns a number that no other step and no other replica has, int64 scalar.

        It continues after an interruption, because the optimizer counts the finished steps.
        """
        replica = tf.distribute.get_replica_context()
        number = tf.cast(replica.replica_id_in_sync_group, tf.int64)
        return self.optimizer.iterations * replica.num_replicas_in_sync + number

    def compute_metrics(
        self, x: object, y: tf.Tensor, y_pred: tf.Tensor, sample_weight: object
    ) -> dict[str, tf.Tensor]:
        """See tf.keras.Model; of soft labels, float32 [batch, classes], the largest one counts."""
        labels = tf.argmax(y, -1) if y.dtype.is_floating else y
        metrics: dict[str, tf.Tensor] = super().compute_metrics(x, labels, y_pred, sample_weight)
        return metrics

    @tf.autograph.experimental.do_not_convert
    def test_step(self, data: object) -> dict[str, tf.Tensor]:
        """See tf.keras.Model."""
        return super().test_step(data)


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
