import numpy as np
import pytest
import tensorflow as tf

from components.trainer.export import save_weights, weights_path
from components.trainer.input import TrainingPlan
from components.trainer.models import build_model
from components.trainer.models.classifier import Classifier
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings, WarmStart
from components.trainer.state import TrainingState
from components.trainer.train import check, train
from components.trainer.training_monitor import TrainingMonitor
from components.trainer.training_report import TrainingReport
from data.common.errors import CountMismatch, UsageError
from tests.trainings import RECIPE

NAMES = ["dark", "bright"]
TRAINER = {"epochs": 3, "batch_size": 8, "learning_rate": {"ramp_epochs": 0}}


def make_settings(name="dense", size=32, **trainer):
    settings = TrainerSettings.model_validate({**TRAINER, **trainer})
    return TrainingSettings(image_size=size, model=ModelSettings(name=name), trainer=settings)


@pytest.fixture
def splits(write_transformed, make_image):
    """Records of dark and bright images, class 0 and 1: 24 training and 10 eval examples."""

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


@pytest.mark.parametrize("recipe", [{}, RECIPE])
def test_a_training_reads_its_splits_and_reports_each_epoch(splits, make_image, tmp_path, recipe):
    settings = make_settings("squeezenet", **recipe)
    model, report = train(settings, *splits, NAMES, str(tmp_path), str(tmp_path / "logs"))
    assert (report.train_examples, report.eval_examples, len(report.epochs)) == (24, 10, 3)
    assert report.eval_accuracy == max(epoch["val_accuracy"] for epoch in report.epochs)
    images = np.stack([make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(10)])
    classes = np.arange(10) % 2
    outputs = model.predict(images.astype(np.uint8), verbose=0)
    assert (outputs.argmax(-1) == classes).mean() == pytest.approx(report.eval_accuracy)
    # The padding of the last eval batch does not count, nor are labels smoothed or weighted.
    loss = -np.log(outputs[np.arange(10), classes]).mean()
    assert report.epochs[report.best_epoch - 1]["val_loss"] == pytest.approx(loss, rel=1e-3)
    assert list((tmp_path / "logs").rglob("events*"))


def test_the_training_step_is_traced_once(splits, tmp_path, monkeypatch):
    traced = []
    step = Classifier.train_step
    monkeypatch.setattr(
        Classifier, "train_step", lambda self, data: traced.append(data) or step(self, data)
    )
    train(make_settings(), *splits, NAMES, str(tmp_path))
    assert len(traced) == 1


def test_mixed_images_are_learned_with_the_share_of_each_class(splits, tmp_path):
    """All labels are about half of either class, so a network learns only to doubt."""
    settings = make_settings(augment=[{"mixup": 10}], epochs=20)
    model, report = train(settings, *splits, NAMES, str(tmp_path))
    certain, _ = train(make_settings(augment=[], epochs=20), *splits, NAMES, str(tmp_path / "c"))
    assert report.epochs[-1]["loss"] > 0.5
    image = np.full([1, 32, 32, 3], 200, np.uint8)
    assert model(image).numpy().max() < certain(image).numpy().max()
    assert report.eval_accuracy == 1


def test_a_warm_start_starts_from_the_weights_of_the_earlier_model(splits, tmp_path):
    earlier = build_model(ModelSettings(name="dense"), 32, 2)
    save_weights(earlier, str(tmp_path / "Format-Serving"))
    start = WarmStart(
        version=1, run_id="r", weights=weights_path(str(tmp_path / "Format-Serving")), digest="",
        frozen=False, class_names=NAMES,
    )  # fmt: skip
    constant = make_settings(epochs=1, learning_rate={"start": 0, "peak": 1e-12, "end": 0})
    model, _ = train(constant, *splits, NAMES, str(tmp_path / "state"), start=start)
    for before, after in zip(earlier.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)
    cold, _ = train(constant, *splits, NAMES, str(tmp_path / "cold"))
    assert not np.allclose(cold.get_weights()[0], earlier.get_weights()[0], atol=1e-3)


def test_a_training_ends_with_the_epoch_that_reaches_the_number_of_steps(splits, tmp_path):
    _, report = train(make_settings(), *splits, NAMES, str(tmp_path), num_steps=4)
    # Three steps per epoch.
    assert len(report.epochs) == 2


def test_the_learning_rate_of_each_epoch_is_reported(splits, tmp_path):
    rate = {"ramp_epochs": 0, "hold_epochs": 1, "peak": 0.003, "end": 0, "decay": 0.5}
    _, report = train(make_settings(learning_rate=rate), *splits, NAMES, str(tmp_path))
    rates = [epoch["learning_rate"] for epoch in report.epochs]
    # The rate of the last step.
    assert rates == pytest.approx([0.003, 0.003 * 0.5 ** (2 / 3), 0.003 * 0.5 ** (5 / 3)])


class Killed(Exception):
    """Stands for a killed process, which saves nothing."""


@pytest.mark.parametrize(
    ("end", "at", "recipe"),
    [
        (Killed, (1, 1), {}),
        pytest.param(SystemExit, (1, 1), {}, marks=pytest.mark.slow),
        pytest.param(SystemExit, (1, 2), {}, marks=pytest.mark.slow),
        pytest.param(SystemExit, (1, 1), {**RECIPE, "augment": "strong"}, marks=pytest.mark.slow),
        pytest.param(SystemExit, (1, "validation"), RECIPE, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_training_ends_with_the_same_weights(
    splits, tmp_path, monkeypatch, deterministic, end, at, recipe
):
    settings = make_settings("squeezenet", **recipe)
    expected, report = train(settings, *splits, NAMES, str(tmp_path / "whole"))
    original = TrainingMonitor.on_train_batch_end

    def stop(self, batch, logs=None):
        original(self, batch, logs)
        if (self._epoch, batch) == at:
            raise end

    def stop_validation(self, batch, logs=None):
        if (self._epoch, "validation") == at:
            raise end

    monkeypatch.setattr(TrainingMonitor, "on_train_batch_end", stop)
    monkeypatch.setattr(TrainingMonitor, "on_test_batch_end", stop_validation)
    with pytest.raises(end):
        train(settings, *splits, NAMES, str(tmp_path / "cut"))
    monkeypatch.undo()
    model, resumed = train(settings, *splits, NAMES, str(tmp_path / "cut"))
    for weight, again in zip(expected.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(weight, again)
    same = ("loss", "val_loss", "val_accuracy", "learning_rate")
    # The loss of the interrupted epoch is that of its remaining steps.
    epochs = [e for e in range(3) if e != at[0]]
    assert [resumed.epochs[e][k] for e in epochs for k in same] == [
        report.epochs[e][k] for e in epochs for k in same
    ]
    assert resumed.resumed_at == [2]


def test_the_average_is_what_is_validated_and_kept_and_does_not_change_the_training(
    splits, tmp_path, deterministic
):
    plain, report = train(make_settings(), *splits, NAMES, str(tmp_path / "plain"))
    settings = make_settings(ema=0.99)
    averaged, again = train(settings, *splits, NAMES, str(tmp_path / "averaged"))
    assert [e["loss"] for e in again.epochs] == [e["loss"] for e in report.epochs]
    assert [e["val_loss"] for e in again.epochs] != [e["val_loss"] for e in report.epochs]
    assert not np.allclose(plain.get_weights()[0], averaged.get_weights()[0])


def test_the_body_moves_less_than_the_last_layer_only_if_it_was_trained_before(splits, tmp_path):
    """A factor of almost zero leaves the body of a warm start as it was."""
    model = {"name": "dense", "warm_start": "if_serving", "body_factor": 1e-9}
    settings = make_settings(epochs=1).model_copy(update={"model": ModelSettings(**model)})
    earlier = build_model(ModelSettings(name="dense"), 32, 2)
    save_weights(earlier, str(tmp_path / "Format-Serving"))
    start = WarmStart(
        version=1, run_id="r", weights=weights_path(str(tmp_path / "Format-Serving")), digest="",
        frozen=False, class_names=NAMES,
    )  # fmt: skip
    warm, _ = train(settings, *splits, NAMES, str(tmp_path / "warm"), start=start)
    moved = [
        np.abs(after - before).max()
        for before, after in zip(earlier.get_weights(), warm.get_weights(), strict=True)
    ]
    assert max(moved[:2]) < 1e-6
    assert min(moved[2:]) > 1e-4
    cold, _ = train(settings, *splits, NAMES, str(tmp_path / "cold"))
    tf.keras.utils.set_random_seed(0)
    initial = build_model(ModelSettings(name="dense"), 32, 2).get_weights()
    assert not np.allclose(cold.get_weights()[0], initial[0], atol=1e-3)


@pytest.mark.slow
def test_a_frozen_network_is_trained_with_every_part_of_the_optimization(splits, tmp_path):
    base = tf.keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=[32, 32, 3]
    )
    base.save_weights(tmp_path / "weights.h5")
    model = ModelSettings(
        name="keras_application", application="MobileNetV2", weights=str(tmp_path / "weights.h5"),
        frozen=True, body_factor=0.1,
    )  # fmt: skip
    settings = make_settings(epochs=1, **RECIPE).model_copy(update={"model": model})
    trained, _ = train(settings, *splits, NAMES, str(tmp_path / "state"))
    for before, after in zip(base.get_weights(), trained.get_weights(), strict=False):
        assert np.array_equal(before, after)


def test_a_seed_gives_the_same_network_whatever_was_trained_before(splits, tmp_path, deterministic):
    first, other, again = (
        train(make_settings(seed=seed), *splits, NAMES, str(tmp_path / f"{number}"))[0]
        for number, seed in enumerate((1, 0, 1))
    )
    weights = zip(first.get_weights(), other.get_weights(), again.get_weights(), strict=True)
    assert all(np.array_equal(a, c) and not np.array_equal(a, b) for a, b, c in weights)


def test_a_training_stops_early_and_does_not_resume_after_that(splits, tmp_path):
    settings = make_settings(
        epochs=9, early_stopping=1, learning_rate={"peak": 1e-30, "start": 0, "end": 0}
    )
    _, report = train(settings, *splits, NAMES, str(tmp_path))
    epochs = len(report.epochs)
    assert epochs < 9
    assert epochs == report.best_epoch + 1
    _, again = train(settings, *splits, NAMES, str(tmp_path))
    assert again.epochs == report.epochs


def test_the_mean_of_the_last_five_epochs_is_reported_also_after_a_resumption(splits, tmp_path):
    _, report = train(make_settings(epochs=6), *splits, NAMES, str(tmp_path))
    last = [epoch["val_accuracy"] for epoch in report.epochs[1:]]
    assert report.last_epochs_accuracy == pytest.approx(np.mean(last))
    # The state of a training that was killed before its export has all epochs.
    _, again = train(make_settings(epochs=6), *splits, NAMES, str(tmp_path))
    assert again.last_epochs_accuracy == report.last_epochs_accuracy
    _, short = train(make_settings(epochs=4), *splits, NAMES, str(tmp_path / "short"))
    assert short.last_epochs_accuracy is None


def test_a_nan_loss_names_step_and_learning_rate(splits, tmp_path):
    rate = {"start": 1e30, "peak": 1e30, "end": 1}
    with pytest.raises(
        FloatingPointError,
        match=r"loss is nan at step \d of epoch \d, with a learning rate of 1e\+30",
    ):
        train(make_settings(learning_rate=rate), *splits, NAMES, str(tmp_path))


@pytest.mark.parametrize(
    ("precision", "recipe"),
    [("mixed_bfloat16", {}), ("mixed_float16", {}), ("mixed_float16", RECIPE)],
)
def test_mixed_precision_and_several_steps_at_once_give_a_float32_network(
    splits, tmp_path, precision, recipe
):
    settings = {"precision": precision, "steps_per_execution": 3, "epochs": 1, **recipe}
    settings = make_settings("convnet", **settings)
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
    report = TrainingReport("CPU", str(tmp_path), 1, train_examples=8, eval_examples=8)
    state = TrainingState(str(tmp_path), model, report)
    monitor = TrainingMonitor(TrainingPlan(8, 1, 3), state, patience=None)
    monitor.set_model(model)
    for epoch, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True)):
        model.set_weights([np.full_like(weight, epoch + 1) for weight in model.get_weights()])
        monitor.on_epoch_begin(epoch)
        monitor.on_test_begin()
        logs = {"loss": 1, "accuracy": 1, "val_accuracy": accuracy, "val_loss": loss}
        monitor.on_epoch_end(epoch, logs)
    assert report.best_epoch == best
    assert all((weight == best).all() for weight in state.best_weights)
    again = TrainingState(str(tmp_path), model, report)
    assert all((weight == best).all() for weight in again.best_weights)


def test_fewer_examples_than_a_batch_name_the_setting_to_change(splits, tmp_path):
    with pytest.raises(
        ValueError, match=r"24 examples, fewer .* of 32, .* lower trainer\.batch_size to 24"
    ):
        train(make_settings(batch_size=32), *splits, NAMES, str(tmp_path))


def test_the_number_of_examples_must_be_that_of_example_gen(splits, tmp_path):
    def run(**expected):
        return train(make_settings(), *splits, NAMES, str(tmp_path), expected_examples=expected)

    run(train=24, eval=10)
    with pytest.raises(CountMismatch, match="wrote 25 train examples, and Trainer saw 24"):
        run(train=25, eval=10)
    with pytest.raises(CountMismatch, match="wrote 9 eval examples, and Trainer saw 10"):
        run(train=24, eval=9)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (
            make_settings(strategy="tpu"),
            r"trainer\.strategy is tpu, but TensorFlow cannot use a TPU",
        ),
        (
            make_settings(strategy="gpu"),
            r"trainer\.strategy is gpu, but TensorFlow sees no GPU here",
        ),
        (make_settings(strategy="multiworker"), "TF_CONFIG does not name the workers"),
        (
            make_settings(name="xception", size=64),
            r"transform\.image_size \(64\): xception cannot be built",
        ),
    ],
)
def test_a_request_that_cannot_be_met_is_an_error(settings, error):
    with pytest.raises(UsageError, match=error):
        check(settings)


def test_weights_that_cannot_be_downloaded_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    model = ModelSettings(name="keras_application", application="MobileNetV2", weights="imagenet")
    settings = make_settings(size=96).model_copy(update={"model": model})
    with pytest.raises(UsageError, match=r"model\.\*.*URL fetch failure on https://"):
        check(settings)


def test_available_devices_pass():
    check(make_settings(strategy="cpu"))
