from types import SimpleNamespace

from tfx.types import standard_artifacts

from components.trainer.summary import summarize
from components.trainer.training_report import TrainingReport, write_report


def test_the_summary_names_warm_start_best_epoch_and_resumption(tmp_path):
    report = TrainingReport(
        "CPU", "state", 1, 24, 10, first_step_seconds=5.2, images_per_second=321.4, best_epoch=2,
        eval_accuracy=0.91, resumed_at=[2], epochs=[{}, {}, {}],
    )  # fmt: skip
    write_report(report, str(tmp_path))
    model, model_run = standard_artifacts.Model(), standard_artifacts.ModelRun()
    model.uri, model_run.uri = "/model", str(tmp_path)
    outputs = {"model": [model], "model_run": [model_run]}
    summary = summarize(outputs, SimpleNamespace(warm_start=SimpleNamespace(version=4)))
    assert summary.text == (
        "from version 4: best epoch 2 of 3, eval accuracy 0.910, 321 images/s, first step 5.2 s, "
        "resumed at epoch 2"
    )
    assert summary.values == {"model_uri": "/model", "training": report}


def test_the_mean_of_the_last_five_epochs_stands_beside_the_chosen_one(tmp_path):
    epochs = [{"val_accuracy": value} for value in (0.1, 0.5, 0.6, 0.9, 0.7, 0.8)]
    report = TrainingReport("CPU", "state", 1, 24, 10, best_epoch=4, epochs=epochs[:4])
    report.eval_accuracy = 0.9
    assert report.mean_of_last_epochs() is None
    report.epochs = epochs
    report.last_epochs_accuracy = report.mean_of_last_epochs()
    write_report(report, str(tmp_path))
    model, model_run = standard_artifacts.Model(), standard_artifacts.ModelRun()
    model.uri, model_run.uri = "/model", str(tmp_path)
    outputs = {"model": [model], "model_run": [model_run]}
    text = summarize(outputs, SimpleNamespace(warm_start=None)).text
    assert text.startswith(
        "best epoch 4 of 6, eval accuracy 0.900 (mean of the last 5: 0.700), 0 images/s"
    )
