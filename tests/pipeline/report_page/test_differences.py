import pytest

from pipeline.history.run import Run
from pipeline.report_page.differences import (
    code_differences,
    data_differences,
    settings_differences,
)


def run(**fields: object) -> Run:
    base = {"started": "2026-11-01T03:00:00+00:00", "state": "pushed", "config": "quickstart"}
    return Run(**{"run_id": "1", "settings": {}, "model": "dense", **base, **fields})


def as_dict(pairs):
    return {pair.name: (pair.a, pair.b) for pair in pairs}


def test_settings_are_compared_by_their_dotted_keys():
    a = run(settings={"trainer": {"epochs": 3, "seed": 0, "augment": {"flip": True}}})
    b = run(settings={"trainer": {"epochs": 5, "seed": 0, "augment": {"flip": False}, "new": 1}})
    assert as_dict(settings_differences(a, b)) == {
        "trainer.epochs": (3, 5),
        "trainer.augment.flip": (True, False),
        "trainer.new": (None, 1),
    }


def test_equal_runs_do_not_differ():
    a = run(settings={"trainer": {"epochs": 3}}, files=["a"], examples={"train": 3})
    for compare in (settings_differences, data_differences, code_differences):
        assert compare(a, a) == []


def test_data_that_differs_is_named_once_and_counted_by_class():
    a = run(
        files=["1.tfrec", "2.tfrec"], spans=["1"], examples={"train": 8, "test": 2},
        classes={"train": {"rose": 4, "tulip": 4}, "test": {"rose": 1, "tulip": 1}},
        records_location="x", records_fingerprint="0", class_names=["rose", "tulip"],
    )  # fmt: skip
    b = run(
        files=["2.tfrec", "3.tfrec"], spans=["1", "2"], examples={"train": 8, "test": 3},
        classes={"train": {"rose": 5, "tulip": 3}, "test": {"rose": 1, "tulip": 2}},
        records_location="x", records_fingerprint="1", class_names=["rose", "tulip"],
    )  # fmt: skip
    assert as_dict(data_differences(a, b)) == {
        "SHA-256 of the records": ("0", "1"),
        "record files in this run only": (["1.tfrec"], ["3.tfrec"]),
        "spans in this run only": (None, ["2"]),
        "images, test": (2, 3),
        "images of class rose": (5, 6),
    }


def test_code_and_libraries_are_compared_by_step_and_by_library():
    a = run(
        inputs={
            "code of Trainer": "0" * 64,
            "code of Gate": "2",
            "libraries of Trainer": "numpy 1.26.3, tfx 1.16.0",
            "libraries of Gate": "numpy 1.26.3, scipy 1.12",
        }
    )
    b = run(
        inputs={
            "code of Trainer": "1" * 64,
            "code of Gate": "2",
            "libraries of Trainer": "numpy 1.26.4, tfx 1.16.0",
            "libraries of Gate": "numpy 1.26.4, scipy 1.12",
        }
    )
    assert as_dict(code_differences(a, b)) == {
        "code of Trainer": ("0" * 12, "1" * 12),
        "numpy": ("1.26.3", "1.26.4"),
    }


@pytest.mark.parametrize("old", [{}, {"code of Trainer": "0"}])
def test_what_an_old_run_did_not_record_does_not_count_as_a_difference(old):
    new = {"code of Trainer": "0", "libraries of Trainer": "numpy 1.26.4"}
    assert code_differences(run(inputs=old), run(inputs=new)) == []
