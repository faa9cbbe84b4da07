import numpy as np
import pytest
import tensorflow as tf

from components.trainer.train import TrainingOptions, train
from components.transform.images import encode_pixels

OPTIONS = TrainingOptions(
    model="squeezenet", image_size=32, epochs=3, batch_size=8, learning_rate=0.003, seed=0,
    flip_left_right=True, saturation=(0.0, 2.0),
)  # fmt: skip


def write(path, make_image, count):
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for index in range(count):
            image = make_image(index, 32, 32) // 2 + 127 * (index % 2)
            pixels = encode_pixels(tf.constant(image.astype(np.uint8))).numpy()
            features = {
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[pixels])),
                "class": tf.train.Feature(int64_list=tf.train.Int64List(value=[index % 2])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return [str(path)]


def test_the_model_is_the_one_of_the_best_epoch_on_eval(tmp_path, make_image):
    train_files = write(tmp_path / "train", make_image, 24)
    eval_files = write(tmp_path / "eval", make_image, 10)
    model, report = train(OPTIONS, train_files, eval_files, classes=2)
    best = report.epochs[report.best_epoch - 1]
    assert report.eval_accuracy == max(epoch["val_accuracy"] for epoch in report.epochs)
    assert best["val_accuracy"] == report.eval_accuracy
    images = np.stack([make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(10)]) / 255
    right = model.predict(images.astype(np.float32), verbose=0).argmax(-1) == np.arange(10) % 2
    assert right.mean() == pytest.approx(report.eval_accuracy)
    assert (report.train_examples, report.eval_examples, len(report.epochs)) == (24, 10, 3)


def test_fewer_examples_than_a_batch_name_the_setting_to_change(tmp_path, make_image):
    files = write(tmp_path / "train", make_image, 4)
    with pytest.raises(ValueError, match=r"4 examples, .* trainer\.batch_size \(now 8\)"):
        train(OPTIONS, files, files, classes=2)
