import re

import pytest
import yaml

from data.common.errors import UsageError
from pipeline.settings.loading import config_names, config_path, load_settings
from pipeline.settings.settings import Settings


@pytest.mark.parametrize("name", config_names())
def test_every_config_is_valid_and_its_header_has_the_command(name):
    load_settings(name)
    text = config_path(name).read_text()
    assert text.startswith("#")
    assert re.search(rf"flowers (run|vertex (check|compile)) --config {name}|make run", text)


def test_set_overrides_data_and_data_overrides_the_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("data: {source: a}\ntrainer: {epochs: 3}\n")
    assert load_settings(str(file)).data.source == "a"
    assert load_settings(str(file), source="b").data.source == "b"
    settings = load_settings(str(file), ["data.source=c", "gate.target=0.5"], "b")
    assert (settings.data.source, settings.trainer.epochs) == ("c", 3)
    assert settings.gate.target == 0.5


def test_dumped_settings_are_a_config(tmp_path):
    settings = load_settings("quickstart", ["trainer.augment=[hue, {mixup: 0.4}]"])
    file = tmp_path / "copy.yaml"
    file.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    assert load_settings(str(file)) == settings


def test_settings_can_be_added_to_an_empty_section(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("data:\ntrainer:\n")
    settings = load_settings(str(file), ["trainer.epochs=2"], "b")
    assert (settings.data.source, settings.trainer.epochs) == ("b", 2)


def test_an_empty_file_gives_the_defaults(tmp_path):
    file = tmp_path / "empty.yaml"
    file.write_text("")
    assert load_settings(str(file)) == Settings()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.epoch=3", "trainer.epoch: unknown key; did you mean trainer.epochs?"),
        ("gat.target=0.5", "gat: unknown key; did you mean gate?"),
        ("target=0.5", "target: unknown key; did you mean gate.target?"),
        ("trainer.epochs=many", "trainer.epochs: Input should be a valid integer.*'many'"),
        ("gate.target=1.5", "gate.target: .*less than or equal to 1, got 1.5"),
        ("transform.image_size=8", "transform.image_size: .*greater than or equal to 32, got 8"),
        ("trainer.augment=[{saturation: [2, 1]}]", r"augment: saturation.factor: .*low <= high"),
        ("trainer.augment=strog", r"augment: must be .*\(did you mean strong\?\), got 'strog'"),
        ("trainer.augment.saturation=null", r"now, as in trainer.augment='\[flip_left_right\]'"),
        ("model.name=alexnet", "model.name: .*'squeezenet', .*, got 'alexnet'"),
        ("model.weights=imagenet", "weights and frozen are for xception and keras_application"),
        ("model.name=keras_application", "application names a network of tf.keras.applications"),
        ("trainer.learning_rate.start=1", "start and end must not be above peak"),
        ("model.body_factor=0.1", "body_factor is 0.1, but neither weights nor warm_start"),
        ("trainer.ema=1", "trainer.ema: .*less than 1, got 1"),
        ("trainer.label_smoothing=1", "trainer.label_smoothing: .*less than 1, got 1"),
        ("trainer.weight_decay=-1", "trainer.weight_decay: .*greater than or equal to 0, got -1"),
        ("trainer.class_weights=sqrt", "trainer.class_weights: .*'none' or 'balanced'"),
        ("push.formats=[tflite]", "formats must contain saved_model"),
        ("push.formats=[onnx]", "push.formats.0: .*'saved_model' or 'tflite', got 'onnx'"),
        ("push={to: vertex-endpoint, formats: [saved_model, tflite]}", "endpoint has no place"),
        ("push.tflite=int4", "push.tflite: .*'float32', 'float16' or 'int8', got 'int4'"),
        ("trainer.epochs=yes", "trainer: epochs does not take yes or no"),
        ("trainer.epochs.x=1", "epochs is 12, not a section"),
        ("trainer.epochs", "--set takes section.key=value, got 'trainer.epochs'"),
        ("trainer.epochs=[", "not valid YAML"),
        ("data.spans=2026-02-30", "not valid YAML: ValueError: day is out of range"),
        ("trainer.epochs=!!int x", "not valid YAML"),
        (f"trainer.epochs={'[' * 5000}", "not valid YAML"),
        ("trainer=[]", "trainer: must be a section with keys"),
        ("notify.email.hots=x", "notify.email.hots: unknown key; did you mean notify.email.host?"),
    ],
)
def test_the_error_of_a_wrong_setting_says_what_is_wrong_and_what_was_given(override, message):
    with pytest.raises(UsageError, match=message):
        load_settings("quickstart", [override])


def test_the_error_of_an_unknown_config_names_the_nearest_one():
    with pytest.raises(UsageError, match="did you mean quickstart"):
        load_settings("quickstat")


@pytest.mark.parametrize("text", ["- a list", "a: [", "just text"])
def test_the_error_of_an_invalid_file_names_it(tmp_path, text):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=str(file)):
        load_settings(str(file))


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(str(tmp_path / "none.yaml"))


def test_the_endpoint_has_the_name_of_the_pipeline_unless_it_has_its_own():
    overrides = ["vertex.project=p", "vertex.region=r", "name=roses"]
    endpoint = load_settings("quickstart", overrides).endpoint
    assert (endpoint.project, endpoint.region, endpoint.name) == ("p", "r", "roses")
    named = load_settings("quickstart", [*overrides, "push.endpoint.name=other"]).endpoint
    assert named.name == "other"


@pytest.mark.parametrize("value", ["[on, off]", "[a, null]", "[1, 2]", "[2026-01-01, b]"])
def test_class_names_that_yaml_reads_as_something_else_must_be_quoted(value):
    with pytest.raises(UsageError, match="put names in quotes, as in"):
        load_settings("quickstart", [f"data.classes={value}"])


@pytest.mark.parametrize("value", ["roses", "'[a, b]'", "{a: 1}", "3"])
def test_classes_that_are_no_list_are_refused_with_an_example(value):
    with pytest.raises(UsageError, match=r"must be a list of names, as in data\.classes="):
        load_settings("quickstart", [f"data.classes={value}"])


def test_quoted_class_names_stay_what_they_are():
    settings = load_settings("quickstart", ['data.classes=["on", "null", "1"]'])
    assert settings.data.classes == ["on", "null", "1"]
