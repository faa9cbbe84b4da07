import numpy as np
import pytest

from components.trainer.models import build_model
from components.trainer.train import TrainingOptions, train
from components.trainer.watch import EpochWatch, TrainingReport

OPTIONS = TrainingOptions(
    model="squeezenet", image_size=32, epochs=2, batch_size=8, learning_rate=0.003, seed=0,
    flip_left_right=True, saturation=(0.0, 2.0),
)  # fmt: skip


@pytest.fixture
def write(write_transformed, make_image):
    """Returns a function that writes a split of dark and bright images, class 0 and 1."""

    def split(name, count):
        labels = [index % 2 for index in range(count)]
        images = [make_image(i, 32, 32) // 2 + 127 * label for i, label in enumerate(labels)]
        return write_transformed(name, np.asarray(images, np.uint8), labels)

    return split


def test_a_training_sees_its_splits_and_reports_each_epoch(write, make_image):
    model, report = train(OPTIONS, write("train", 24), write("eval", 10), classes=2)
    assert (report.train_examples, report.eval_examples, len(report.epochs)) == (24, 10, 2)
    assert report.eval_accuracy == max(epoch["val_accuracy"] for epoch in report.epochs)
    images = np.stack([make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(10)]) / 255
    right = model.predict(images.astype(np.float32), verbose=0).argmax(-1) == np.arange(10) % 2
    assert right.mean() == pytest.approx(report.eval_accuracy)


@pytest.mark.parametrize(
    ("accuracies", "losses", "best"),
    [([0.5, 0.9, 0.7], [1, 1, 1], 2), ([0.9, 0.9, 0.9], [3, 1, 2], 2), ([0, 0, 0], [1, 2, 3], 1)],
)
def test_the_weights_kept_are_those_of_the_best_epoch_on_eval(accuracies, losses, best):
    model = build_model("squeezenet", 32, 2)
    report = TrainingReport("CPU", train_examples=8, eval_examples=8)
    watch = EpochWatch(report, 1, 3, 8)
    watch.set_model(model)
    watch.on_train_begin()
    for epoch, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True)):
        model.set_weights([np.full_like(weight, epoch + 1) for weight in model.get_weights()])
        watch.on_epoch_begin(epoch)
        watch.on_test_begin()
        logs = {"loss": 1, "accuracy": 1, "val_accuracy": accuracy, "val_loss": loss}
        watch.on_epoch_end(epoch, logs)
    assert report.best_epoch == best
    assert all((weight == best).all() for weight in watch.best_weights)


def test_fewer_examples_than_a_batch_name_the_setting_to_change(write):
    files = write("train", 4)
    with pytest.raises(ValueError, match=r"4 examples, .* trainer\.batch_size \(now 8\)"):
        train(OPTIONS, files, files, classes=2)
