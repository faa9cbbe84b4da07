import numpy as np
import pytest
import tensorflow as tf

from components.trainer.export import save_weights, weights_path
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings, WarmStart
from components.trainer.state import TrainingState
from components.trainer.train import check, train
from components.trainer.training_monitor import TrainingMonitor
from components.trainer.training_report import TrainingReport
from data.common.errors import UsageError

NAMES = ["dark", "bright"]
TRAINER = {"epochs": 3, "batch_size": 8, "learning_rate": {"ramp_epochs": 0}}


def options(name="dense", size=32, **trainer):
    settings = TrainerSettings.model_validate({**TRAINER, **trainer})
    return TrainingSettings(image_size=size, model=ModelSettings(name=name), trainer=settings)


@pytest.fixture
def splits(write_transformed, make_image):
    """Records of dark and bright images, class 0 and 1: 24 to train on, and 10."""

    def split(name, count):
        labels = [index % 2 for index in range(count)]
        images = [make_image(i, 32, 32) // 2 + 127 * label for i, label in enumerate(labels)]
        return write_transformed(name, np.asarray(images, np.uint8), labels)

    return split("train", 24), split("eval", 10)


@pytest.fixture
def deterministic():
    tf.config.experimental.enable_op_determinism()
    yield
    from tensorflow.python.framework.config import disable_op_determinism

    disable_op_determinism()


def test_a_training_sees_its_splits_and_reports_each_epoch(splits, make_image, tmp_path):
    model, report = train(
        options("squeezenet"), *splits, NAMES, str(tmp_path), str(tmp_path / "logs")
    )
    assert (report.train_examples, report.eval_examples, len(report.epochs)) == (24, 10, 3)
    assert report.eval_accuracy == max(epoch["val_accuracy"] for epoch in report.epochs)
    images = np.stack([make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(10)]) / 255
    classes = np.arange(10) % 2
    answers = model.predict(images.astype(np.float32), verbose=0)
    assert (answers.argmax(-1) == classes).mean() == pytest.approx(report.eval_accuracy)
    # What fills up the last batch of eval does not count.
    loss = -np.log(answers[np.arange(10), classes]).mean()
    assert report.epochs[report.best_epoch - 1]["val_loss"] == pytest.approx(loss, rel=1e-3)
    assert list((tmp_path / "logs").rglob("events*"))


def test_a_warm_start_begins_with_the_weights_of_the_earlier_model(splits, tmp_path):
    earlier = build_model(ModelSettings(name="dense"), 32, 2)
    save_weights(earlier, str(tmp_path / "Format-Serving"))
    start = WarmStart(
        version=1, run_id="r", weights=weights_path(str(tmp_path / "Format-Serving")), digest="",
        frozen=False, class_names=NAMES,
    )  # fmt: skip
    still = options(epochs=1, learning_rate={"start": 0, "peak": 1e-12, "end": 0})
    model, _ = train(still, *splits, NAMES, str(tmp_path / "state"), start=start)
    for before, after in zip(earlier.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)
    cold, _ = train(still, *splits, NAMES, str(tmp_path / "cold"))
    assert not np.allclose(cold.get_weights()[0], earlier.get_weights()[0], atol=1e-3)


def test_a_number_of_steps_ends_with_the_epoch_in_which_they_are_done(splits, tmp_path):
    _, report = train(options(), *splits, NAMES, str(tmp_path), num_steps=4)
    # Three steps an epoch.
    assert len(report.epochs) == 2


def test_the_learning_rate_of_each_epoch_is_reported(splits, tmp_path):
    rate = {"ramp_epochs": 0, "hold_epochs": 1, "peak": 0.003, "end": 0, "decay": 0.5}
    _, report = train(options(learning_rate=rate), *splits, NAMES, str(tmp_path))
    rates = [epoch["learning_rate"] for epoch in report.epochs]
    # That of its last step.
    assert rates == pytest.approx([0.003, 0.003 * 0.5 ** (2 / 3), 0.003 * 0.5 ** (5 / 3)])


class Killed(Exception):
    """Stands for the end of a process: nothing is saved on it."""


@pytest.mark.parametrize(
    ("end", "at"), [(Killed, (1, 1)), (SystemExit, (1, 1)), (SystemExit, (1, 2))]
)
def test_an_interrupted_training_comes_to_the_same_weights(
    splits, tmp_path, monkeypatch, deterministic, end, at
):
    expected, report = train(options("squeezenet"), *splits, NAMES, str(tmp_path / "whole"))
    original = TrainingMonitor.on_train_batch_end

    def stop(self, batch, logs=None):
        original(self, batch, logs)
        if (self._epoch, batch) == at:
            raise end

    monkeypatch.setattr(TrainingMonitor, "on_train_batch_end", stop)
    with pytest.raises(end):
        train(options("squeezenet"), *splits, NAMES, str(tmp_path / "cut"))
    monkeypatch.undo()
    model, resumed = train(options("squeezenet"), *splits, NAMES, str(tmp_path / "cut"))
    for weight, again in zip(expected.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(weight, again)
    same = ("loss", "val_loss", "val_accuracy", "learning_rate")
    # Of the epoch that was cut in two, the loss is that of its rest.
    epochs = [e for e in range(3) if e != at[0]]
    assert [resumed.epochs[e][k] for e in epochs for k in same] == [
        report.epochs[e][k] for e in epochs for k in same
    ]
    assert resumed.resumed_at == [2]


def test_it_stops_early_and_does_not_go_on_after_that(splits, tmp_path):
    settings = options(
        epochs=9, early_stopping=1, learning_rate={"peak": 1e-30, "start": 0, "end": 0}
    )
    _, report = train(settings, *splits, NAMES, str(tmp_path))
    epochs = len(report.epochs)
    assert epochs < 9
    assert epochs == report.best_epoch + 1
    _, again = train(settings, *splits, NAMES, str(tmp_path))
    assert again.epochs == report.epochs


def test_a_loss_that_is_no_number_names_step_and_learning_rate(splits, tmp_path):
    rate = {"start": 1e30, "peak": 1e30, "end": 1}
    with pytest.raises(
        FloatingPointError,
        match=r"loss is nan by step \d of epoch \d, at a learning rate of 1e\+30",
    ):
        train(options(learning_rate=rate), *splits, NAMES, str(tmp_path))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_and_several_steps_at_once_give_a_float32_network(
    splits, tmp_path, precision
):
    settings = options("convnet", precision=precision, steps_per_execution=3, epochs=1)
    model, report = train(settings, *splits, NAMES, str(tmp_path))
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype("float32")}
    assert model.layers[1].compute_dtype == "float32"
    assert tf.keras.mixed_precision.global_policy().name == "float32"
    assert len(report.epochs) == 1


@pytest.mark.parametrize(
    ("accuracies", "losses", "best"),
    [([0.5, 0.9, 0.7], [1, 1, 1], 2), ([0.9, 0.9, 0.9], [3, 1, 2], 2), ([0, 0, 0], [1, 2, 3], 1)],
)
def test_the_weights_kept_are_those_of_the_best_epoch_on_eval(tmp_path, accuracies, losses, best):
    model = build_model(ModelSettings(name="dense"), 32, 2)
    model.compile("adam", "sparse_categorical_crossentropy")
    state = TrainingState(str(tmp_path), model)
    report = TrainingReport("CPU", str(tmp_path), 1, train_examples=8, eval_examples=8)
    watch = TrainingMonitor(report, state, options().trainer)
    watch.set_model(model)
    for epoch, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True)):
        model.set_weights([np.full_like(weight, epoch + 1) for weight in model.get_weights()])
        watch.on_epoch_begin(epoch)
        watch.on_test_begin()
        logs = {"loss": 1, "accuracy": 1, "val_accuracy": accuracy, "val_loss": loss}
        watch.on_epoch_end(epoch, logs)
    assert report.best_epoch == best
    assert all((weight == best).all() for weight in watch.best_weights)
    again = TrainingState(str(tmp_path), model)
    assert all((weight == best).all() for weight in again.best_weights)


def test_fewer_examples_than_a_batch_name_the_setting_to_change(splits, tmp_path):
    with pytest.raises(ValueError, match=r"24 examples, fewer .* of 32: lower trainer\.batch_size"):
        train(options(batch_size=32), *splits, NAMES, str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (options(strategy="tpu"), r"trainer\.strategy is tpu, and there is none"),
        (options(strategy="gpu"), r"trainer\.strategy is gpu, and TensorFlow sees no GPU here"),
        (options(strategy="multiworker"), "TF_CONFIG does not name the workers"),
        (
            options(name="xception", size=64),
            r"transform\.image_size \(64\): xception can't be built",
        ),
    ],
)
def test_what_was_asked_for_and_is_not_there_is_an_error(settings, error):
    with pytest.raises(UsageError, match=error):
        check(settings)


def test_weights_that_cannot_be_fetched_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    model = ModelSettings(name="keras_application", application="MobileNetV2", weights="imagenet")
    settings = options(size=96).model_copy(update={"model": model})
    with pytest.raises(UsageError, match=r"model\.\*.*URL fetch failure on https://"):
        check(settings)


def test_what_is_there_passes():
    check(options(strategy="cpu"))
