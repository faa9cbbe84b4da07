import base64
import json
import math
import re

from pipeline.history.run import Run
from pipeline.report_page.page import write_report
from pipeline.report_page.sections import training
from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_run import write_toy_run


def test_the_facts_name_start_device_and_chosen_epoch(toy_root, toy_run):
    facts = training.build(ReportSources(toy_root, toy_run)).content["facts"]
    assert facts["Started from"] == "the weights of version 1, of run 20261126-120000"
    assert facts["Chosen epoch"].startswith("7 of 8, with accuracy 81.0")
    assert facts["Chosen epoch"].endswith("; the last 5 epochs have a mean of 79.3\xa0%")
    assert facts["Device"] == "CPU, 2 cores"


def test_a_training_of_fewer_epochs_has_no_mean_of_the_last_five(toy_root, toy_run):
    toy_run.training.last_epochs_accuracy = None
    facts = training.build(ReportSources(toy_root, toy_run)).content["facts"]
    assert facts["Chosen epoch"].endswith(" eval images")


def test_a_cold_start_and_a_resumed_training_are_said(toy_root, toy_run):
    toy_run.warm_start = None
    toy_run.training.resumed_at = [3, 5]
    facts = training.build(ReportSources(toy_root, toy_run)).content["facts"]
    assert "cold start" in facts["Started from"]
    assert facts["Interrupted"] == "resumed at epoch 3, 5"


def test_each_curve_has_integer_epochs_and_the_chosen_one(toy_root, toy_run):
    charts = training.build(ReportSources(toy_root, toy_run)).content["charts"]
    assert [title.partition(" (")[0] for title, _ in charts] == [
        "Accuracy", "Loss", "Learning rate", "Speed",
    ]  # fmt: skip
    for _, chart in charts:
        assert "epoch 7, chosen" in chart
        ticks = re.findall(r'y="227" class="middle small">([^<]+)<', chart)
        assert ticks
        assert all(tick.isdigit() for tick in ticks)


def test_values_that_an_older_version_did_not_record_leave_out_their_chart(toy_root, toy_run):
    for epoch in toy_run.training.epochs:
        del epoch["images_per_second"]
    charts = training.build(ReportSources(toy_root, toy_run)).content["charts"]
    assert len(charts) == 3


def test_the_augmented_images_are_shown_with_a_description(toy_root, toy_run):
    picture = training.build(ReportSources(toy_root, toy_run)).content["augmented"]
    assert re.search('alt="Training images in rows: .*"', picture)
    encoded = base64.b64decode(re.search('base64,([^"]+)', picture)[1])
    folder = ReportSources(toy_root, toy_run).folder
    assert encoded == (folder / "augmented.jpg").read_bytes()


def test_the_training_of_an_earlier_version_has_no_augmented_images(tmp_path):
    run = write_toy_run(tmp_path)
    (ReportSources(tmp_path, run).folder / "augmented.jpg").unlink()
    assert "Augmented" not in write_report(tmp_path, run).read_text()


def test_an_unfinished_training_is_said(toy_root, toy_run):
    toy_run.training = None
    assert "Trainer did not finish" in training.build(ReportSources(toy_root, toy_run)).missing


def test_losses_that_are_no_numbers_are_stored_said_and_left_out_of_the_curves(toy_root, toy_run):
    epochs = toy_run.training.epochs
    epochs[3]["val_loss"], epochs[4]["val_loss"] = math.nan, math.inf
    run = Run.model_validate(json.loads(toy_run.model_dump_json()))
    content = training.build(ReportSources(toy_root, run)).content
    assert "in epoch 4, 5 a loss was infinite or not a number" in content["facts"]["Diverged"]
    loss = dict(content["charts"])["Loss (smaller is better)"]
    assert "nan" not in loss
    assert [len(points.split()) for points in re.findall(r'points="([^"]+)"', loss)] == [8, 6]


def test_a_curve_without_any_number_is_left_out(toy_root, toy_run):
    for epoch in toy_run.training.epochs:
        epoch["loss"] = epoch["val_loss"] = math.nan
    charts = training.build(ReportSources(toy_root, toy_run)).content["charts"]
    assert "Loss (smaller is better)" not in dict(charts)
