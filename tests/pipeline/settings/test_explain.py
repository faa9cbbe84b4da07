from pathlib import Path

import pytest
import yaml

from components.transform.augmentation.setting import ALLOWED
from pipeline.settings.explain import Explanation, explain, settings_markdown, settings_yaml
from pipeline.settings.loading import config_names, load_settings
from pipeline.settings.settings import Settings

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def all_explanations(section=Settings, prefix="") -> dict[str, Explanation]:
    found = {}
    for item in explain(section):
        found[prefix + item.name] = item
        if item.section:
            found |= all_explanations(item.section, f"{prefix}{item.name}.")
    return found


def test_every_setting_and_section_has_a_sentence():
    for key, item in all_explanations().items():
        assert item.description.endswith("."), key
        assert item.description[0].isupper() or item.description[0] == "`", key


def test_a_setting_that_can_be_null_says_what_null_means():
    for key, item in all_explanations().items():
        if item.allowed.endswith("or null"):
            assert "null" in item.description, key


@pytest.mark.parametrize(
    ("key", "allowed", "default"),
    [
        ("name", "text", "flowers"),
        ("data.classes", "list of text or null", "null"),
        ("data.drift", "ignore, warn, stop", "warn"),
        ("gate.target", "number >= 0, <= 1", "0.8"),
        ("trainer.early_stopping", "integer >= 1 or null", "null"),
        ("trainer.augment", ALLOWED, "codelab"),
        ("trainer.learning_rate.end", "number >= 0", "1.0e-05"),
        ("vertex.labels", "map of text", "{}"),
        ("vertex.trainer.machine_type", "text", "required"),
    ],
)
def test_type_bounds_and_default_are_shown(key, allowed, default):
    item = all_explanations()[key]
    assert (item.allowed, item.default) == (allowed, default)


@pytest.mark.parametrize("name", config_names())
def test_the_explained_yaml_is_the_same_config(name, tmp_path):
    settings = load_settings(name, ["vertex.labels.team=flowers", "trainer.augment=[hue]"])
    text = settings_yaml(settings)
    assert yaml.safe_load(text) == settings.model_dump(mode="json")
    file = tmp_path / "explained.yaml"
    file.write_text(text)
    assert load_settings(str(file)) == settings
    assert max(map(len, text.splitlines())) <= 100


def test_the_docs_page_is_up_to_date():
    assert DOCS.read_text() == settings_markdown(), "run `make docs`"
