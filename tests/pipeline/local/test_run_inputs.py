import pytest

from pipeline.local.run_inputs import run_inputs, why_steps_run
from pipeline.settings.loading import load_settings
from pipeline.steps import STEPS, downstream


def inputs(*overrides, fingerprint="x", classes=("a", "b")):
    settings = load_settings("quickstart", overrides)
    salt = settings.data.split_salt or ""
    return run_inputs(settings, f"/records/* {fingerprint}", classes, salt)


def test_equal_settings_and_records_give_equal_inputs():
    assert inputs() == inputs()
    assert why_steps_run(inputs(), inputs()) == {"Pusher": "looks at the serving model"}


def test_without_an_earlier_run_every_step_runs_for_the_first_time():
    assert set(why_steps_run(None, inputs()).values()) == {"first run"}


@pytest.mark.parametrize(
    ("override", "step", "cause"),
    [
        ("gate.target=0.6", "Gate", "gate.target 0.8 -> 0.6"),
        ("trainer.epochs=3", "Trainer", "trainer.epochs 12 -> 3"),
        ("trainer.augment=standard", "Trainer", "trainer.augment codelab -> standard"),
        ("transform.image_size=96", "Transform", "transform.image_size 64 -> 96"),
        ("data.split_salt=a", "ExampleGen", "data.split_salt  -> a"),
        ("data.max_bad_fraction=0.5", "DataGate", "data.max_bad_fraction 0.01 -> 0.5"),
    ],
)
def test_a_changed_setting_reruns_its_step_and_what_depends_on_it(override, step, cause):
    causes = why_steps_run(inputs(), inputs(override))
    assert set(causes) == downstream(step) | {"Pusher"}
    assert causes[step].startswith(cause)
    assert all(causes[name].startswith("after ") for name in downstream(step) - {step})


def test_changed_records_rerun_the_steps_that_read_them():
    causes = why_steps_run(inputs(), inputs(fingerprint="y"))
    assert causes["ExampleGen"] == "the records changed"
    assert set(causes) == set(STEPS) - {"Schema"}


def test_the_location_of_the_records_is_not_an_input():
    assert "data.source" not in inputs()
    assert inputs("data.classes=[a, b]", "data.spans=last 3") == inputs()


def test_changed_classes_rerun_the_steps_that_read_them():
    causes = why_steps_run(inputs(), inputs(classes=["a", "b", "c"]))
    assert causes["Schema"] == causes["ExampleGen"] == "the classes changed"
    assert set(causes) == set(STEPS)


def test_requested_steps_say_so():
    causes = why_steps_run(inputs(), inputs(), downstream("Gate"))
    assert causes == {"Gate": "requested", "Pusher": "requested"}


def test_changed_code_is_a_cause():
    before = inputs() | {"code of Trainer": "old"}
    causes = why_steps_run(before, inputs())
    assert causes["Trainer"] == "its code changed"
    assert causes["Evaluator"] == "after Trainer"


def test_a_changed_library_is_a_cause_and_named():
    key = "libraries of StatisticsGen"
    before = {**inputs(), key: "numpy 1.26.4, tensorflow-data-validation 1.16.0"}
    now = {**inputs(), key: "numpy 1.26.4, tensorflow-data-validation 1.16.1"}
    reasons = why_steps_run(before, now)
    expected = "its libraries changed: tensorflow-data-validation 1.16.1"
    assert reasons["StatisticsGen"] == expected
    assert reasons["ExampleValidator"] == "after StatisticsGen"
    assert "Trainer" not in reasons


@pytest.mark.parametrize(
    ("others_before", "others_now", "others"),
    [
        ("numpy 1.26.4, scipy 1.12.0", "numpy 2.4.6, scipy 1.18.1", " and 2 others"),
        ("numpy 1.26.4, pillow 12.3.0", "numpy 2.4.6, pillow 12.3.0", " and 1 other"),
        ("pillow 12.3.0", "pillow 12.3.0", ""),
    ],
)
def test_another_tfx_stands_for_all_libraries_that_changed_with_it(
    others_before, others_now, others
):
    """When a root moves to the other line, most versions differ in every step."""
    key = "libraries of Trainer"
    before = {**inputs(), key: f"{others_before}, tfx 1.16.0"}
    now = {**inputs(), key: f"{others_now}, tfx 1.21.0"}
    reasons = why_steps_run(before, now)
    assert reasons["Trainer"] == f"its libraries changed: tfx 1.16.0 -> 1.21.0{others}"


def test_downstream_steps():
    assert downstream("Gate") == {"Gate", "Pusher"}
    assert downstream("ServingCheck") == {"ServingCheck", "Pusher"}
    assert downstream("ExampleGen") == set(STEPS) - {"Schema"}
