from data.common.dotted_keys import flatten, get_value, set_values


def test_settings_are_read_by_dotted_keys():
    sections = {"trainer": {"epochs": 2, "augment": {"flip": True}}, "seed": 0}
    values = {"trainer.epochs": 2, "trainer.augment.flip": True, "seed": 0}
    assert dict(flatten(sections)) == values
    assert {key: get_value(sections, key) for key in values} == values
    assert get_value(sections, "trainer.epochs.first") is None


def test_a_value_may_be_a_dictionary():
    sections = {"trainer": {"rate": {"low": 0, "high": 1}}}
    found = flatten(sections, lambda value: isinstance(value, dict) and "low" not in value)
    assert dict(found) == {"trainer.rate": {"low": 0, "high": 1}}


def test_values_are_set_in_sections_that_may_be_missing():
    config = {"trainer": {"epochs": 2, "augment": "codelab"}}
    values = {"trainer.augment.flip": True, "model.name": "dense"}
    found = set_values(config, values)
    assert found == {
        "trainer": {"epochs": 2, "augment": {"flip": True}},
        "model": {"name": "dense"},
    }
    assert config == {"trainer": {"epochs": 2, "augment": "codelab"}}
