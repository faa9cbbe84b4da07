import json
from pathlib import Path

import pytest

from pipeline.history.migration import FORMAT_VERSION, upgrade
from pipeline.history.run import Run

FIXTURES = Path(__file__).parent / "fixtures"
# Written by the last program with format 1; ROOT and CLONE stand for its folders.
OLD_RUNS = ["run_format_1_pushed", "run_format_1_refused"]


def read(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", OLD_RUNS)
def test_a_run_of_format_1_is_read_and_written_in_the_current_format(name):
    old = read(name)
    run = Run.model_validate(upgrade(old))
    new = run.model_dump(mode="json")
    assert new["format_version"] == FORMAT_VERSION == 2
    assert upgrade(new) == new
    assert old.keys() <= new.keys()
    grown = {"verdict", "training", "serving_check"}
    unchanged = old.keys() - {"format_version", "settings", "inputs"} - grown
    assert {key: new[key] for key in unchanged} == {key: old[key] for key in unchanged}
    for key in ("verdict", "training"):
        assert old[key].items() <= new[key].items()
    assert new["serving_check"] == {**old["serving_check"], "lite": None}


def test_the_section_evaluator_becomes_gate_in_settings_and_inputs():
    old = read("run_format_1_refused")
    new = upgrade(old)
    assert new["settings"]["gate"] == old["settings"]["evaluator"]
    assert "evaluator" not in new["settings"]
    assert new["inputs"]["gate.target"] == old["inputs"]["evaluator.target"] == 0.99
    assert not [key for key in new["inputs"] if key.startswith("evaluator")]


def test_location_and_fingerprint_of_the_records_become_fields():
    new = upgrade(read("run_format_1_pushed"))
    assert new["records_location"] == "CLONE/data/sample/*.tfrec*"
    assert len(new["records_fingerprint"]) == 64
    assert new["inputs"]["records"] == f"{new['records_location']} {new['records_fingerprint']}"


@pytest.mark.parametrize(
    ("spans", "number"),
    [([], None), (["6", "7"], 7), (["7 version 2"], 7), (["1970-01-03"], 2)],
)
def test_the_number_of_the_newest_span_becomes_a_field(spans, number):
    assert upgrade({**read("run_format_1_pushed"), "spans": spans})["newest_span"] == number
