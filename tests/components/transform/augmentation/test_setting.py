import json
import re
from pathlib import Path

import pytest
import yaml

from components.trainer.settings import TrainerSettings
from components.transform.augmentation.ops import OPS
from components.transform.augmentation.presets import PRESETS
from components.transform.augmentation.setting import parse_augmentation

LISTED = """[flip_left_right, {random_resized_crop: {area: [0.35, 1], aspect: [0.75, 1.3333]}},
             {brightness: 0.2}, {saturation: [0, 2]}, {mixup: 0.2}]"""


@pytest.mark.parametrize("value", [*PRESETS, *([name] for name in OPS), yaml.safe_load(LISTED), []])
def test_a_value_survives_json_and_yaml(value):
    settings = TrainerSettings(augment=value)
    plain = settings.model_dump(mode="json")
    assert TrainerSettings.model_validate(json.loads(json.dumps(plain))) == settings
    assert TrainerSettings.model_validate(yaml.safe_load(yaml.safe_dump(plain))) == settings


def test_a_preset_is_stored_by_its_name_and_a_list_with_all_its_values():
    assert parse_augmentation("standard").plain == "standard"
    assert parse_augmentation(["rotation", {"rand_augment": {"changes": 1}}]).plain == [
        {"rotation": 15.0},
        {"rand_augment": {"changes": 1, "magnitude": 0.3}},
    ]


def test_the_default_is_the_codelab():
    ops = TrainerSettings().augment.ops
    assert [op.plain for op in ops] == [{"flip_left_right": 0.5}, {"saturation": [0.0, 2.0]}]


def test_the_documentation_lists_all_presets_and_all_ops_with_their_defaults():
    page = (Path(__file__).parents[4] / "docs" / "training.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)(.*?)`? \|", page, re.MULTILINE))
    assert {*PRESETS} <= rows.keys()
    for name in OPS:
        defaults = yaml.safe_load("{" + name + rows[name] + "}")
        assert parse_augmentation([defaults]) == parse_augmentation([name]), name


def test_ops_on_images_and_on_batches_are_told_apart():
    augmentation = parse_augmentation(["mixup", "hue", "cutmix", "blur"])
    assert [next(iter(op.plain)) for op in augmentation.image_ops] == ["hue", "blur"]
    assert [next(iter(op.plain)) for op in augmentation.batch_ops] == ["mixup", "cutmix"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("standart", r"must be codelab, standard, strong, or .* \(did you mean standard\?\)"),
        (None, r"or a list of ops such as `\[flip_left_right, {brightness: 0.2}\]`, or \[\] for"),
        (["brightnes"], r"no op brightnes \(did you mean brightness\?\); the ops are flip_left_r"),
        ([3], "an op is its name, or a map from its name to its parameters, as in"),
        ([{"hue": 0.1, "blur": 1}], "an op is its name, or a map"),
        (["hue", {"hue": 0.1}], "hue occurs twice"),
        ([{"brightness": 3}], r"brightness\.delta: Input should be less than or equal to 1"),
        ([{"brightness": {"most": 1}}], "brightness.most: unknown parameter; brightness has delta"),
        ([{"contrast": [2, 1]}], r"contrast\.factor: must be \[low, high\] with low <= high"),
        ([{"random_resized_crop": [0.5, 1]}], "crop: must be a map of area, aspect"),
        ([{"mixup": 0}], r"mixup\.alpha: Input should be greater than or equal to 0\.01"),
        ([{"hue": True}], "hue: delta does not take yes or no"),
    ],
)
def test_the_error_of_a_wrong_value_says_what_is_allowed(value, message):
    with pytest.raises(ValueError, match=message):
        parse_augmentation(value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"flip_left_right": False}, [{"saturation": [0.0, 2.0]}]),
        ({"saturation": None}, ["flip_left_right"]),
        ({"saturation": [1, 3]}, ["flip_left_right", {"saturation": [1, 3]}]),
    ],
)
def test_the_error_of_the_earlier_form_shows_the_same_in_the_new_one(old, new):
    with pytest.raises(ValueError, match=r"is a list of ops now, as in trainer\.augment=") as error:
        parse_augmentation(old)
    shown = str(error.value).partition("trainer.augment='")[2].rstrip("'")
    assert yaml.safe_load(shown) == new
    parse_augmentation(new)
