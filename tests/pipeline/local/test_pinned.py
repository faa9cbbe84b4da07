"""What earlier runs determine for the next run if the data arrives in spans."""

from pathlib import Path

import pytest

from data.classes import write_labels
from data.common.errors import UsageError
from data.ingestion_counts import SPAN_FILE
from data.sources import Source
from data.spans import Span
from pipeline.history.run import Run, Step
from pipeline.local.pinned import (
    pinned_classes,
    span_before,
    spans_to_compare,
    with_accepted_drift,
)
from pipeline.settings.loading import load_settings


@pytest.fixture
def run(tmp_path):
    """Returns a function that makes a run whose data was accepted, with its span statistics."""

    def make(records, *spans, drift="warn", accepted=True, measured=True):
        folder = tmp_path / f"{records}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        if measured:
            (folder / SPAN_FILE).touch()
        settings = load_settings("quickstart", [f"data.drift={drift}"], "elsewhere/*")
        return Run(
            run_id=folder.name, started="", state="pushed", config="", model="", spans=list(spans),
            newest_span=int(spans[-1].split()[0]) if spans else None,
            settings=settings.model_dump(mode="json"), inputs={"records": records},
            class_names=["a"], quarantine=str(folder),
            steps=[Step(name="DataGate", state="done" if accepted else "failed")],
        )  # fmt: skip

    return make


def source(*spans):
    return Source("base", ("*",), tuple(Span(int(s), 0, s, "*") for s in spans))


def test_the_previous_span_is_the_newest_accepted_one_with_another_name(run):
    runs = [run("c", "3"), run("b", "2"), run("a", "1")]
    assert span_before(runs, source("3"), "c") == runs[1].quarantine
    assert span_before(runs, source("3"), "c again") == runs[1].quarantine
    assert span_before(runs, source("2", "3", "4"), "d") == runs[0].quarantine
    assert span_before(runs[2:], source("1"), "a") == ""


def test_a_new_version_of_a_span_is_compared_with_the_previous_span(run):
    runs = [run("c", "7 version 1"), run("b", "6 version 3"), run("a", "5 version 1")]
    second = Source("base", ("*",), (Span(7, 2, "7 version 2", "*"),))
    assert span_before(runs, second, "d") == runs[1].quarantine
    assert spans_to_compare([run("d", "7 version 2"), *runs])[1] == runs[1].quarantine


def test_a_refused_or_unmeasured_span_is_not_the_previous_span(run):
    runs = [run("c", "3", accepted=False), run("b", "2", measured=False), run("a", "1")]
    assert span_before(runs, source("4"), "d") == runs[2].quarantine


def test_without_spans_the_previous_records_are_compared(run):
    runs = [run("b"), run("a")]
    assert span_before(runs, source(), "b") == runs[1].quarantine
    assert span_before(runs, source(), "c") == runs[0].quarantine


def test_spans_that_the_next_one_may_be_compared_with_are_kept(run):
    runs = [
        run("d", "3", accepted=False),
        run("c", "2"),
        run("b", "2"),
        run("a", "1"),
        run("z", "0"),
    ]
    assert spans_to_compare(runs) == [runs[1].quarantine, runs[3].quarantine]


def test_drift_accepted_after_a_refusal_stays_accepted(run):
    stop = load_settings("quickstart", ["data.drift=stop"])
    refused = run("a", "1", drift="stop", accepted=False)
    refused.state = "data refused"
    looked_at = [run("a", "1", drift="ignore"), refused]
    assert with_accepted_drift(stop, looked_at, "a").data.drift == "warn"
    assert with_accepted_drift(stop, looked_at, "b").data.drift == "stop"
    assert with_accepted_drift(stop, [refused], "a").data.drift == "stop"
    assert with_accepted_drift(stop, [refused, run("a", "1")], "a").data.drift == "stop"
    assert with_accepted_drift(stop, [run("a", "1", drift="warn")], "a").data.drift == "stop"
    ignore = load_settings("quickstart", ["data.drift=ignore"])
    assert with_accepted_drift(ignore, looked_at, "a").data.drift == "ignore"


def test_records_of_another_data_set_are_refused_with_both_class_lists(run, tmp_path):
    records = tmp_path / "leaves"
    records.mkdir()
    runs = [run("a")]
    runs[0].class_names = ["daisy", "roses"]
    root = Path("/runs")

    def classes(*listed: str) -> list[str] | None:
        write_labels(records, listed)
        settings = load_settings("quickstart", [], str(records))
        return pinned_classes(settings, Source(str(records), ("*",)), [], runs, "b", root).names

    # A part, or more: the root's classes count, and the data gate judges.
    assert classes("daisy", "roses") == ["daisy", "roses"]
    assert classes("daisy", "roses", "tulips") == ["daisy", "roses"]
    runs[0].class_names.append("tulips")
    assert classes("daisy", "roses") == ["daisy", "roses", "tulips"]
    with pytest.raises(UsageError) as error:
        classes("rust", "on")
    message = str(error.value)
    assert "its classes are daisy, roses, tulips, and those of" in message
    assert "--root runs/leaves;" in message
    assert """--set data.classes='["rust", "on"]'""" in message
    # Never the root itself.
    root = Path("runs/leaves").absolute()
    with pytest.raises(UsageError, match="--root runs/leaves-2;"):
        classes("rust", "on")


@pytest.mark.parametrize(
    ("folder", "root"), [("my leaves", "my-leaves"), ("[1]*?", "1"), ("$x", "x"), ("葉", "葉")]
)
def test_the_suggested_root_can_be_pasted_and_is_allowed(run, tmp_path, folder, root):
    records = tmp_path / folder
    records.mkdir()
    write_labels(records, ["rust", "on"])
    runs = [run("a")]
    settings = load_settings("quickstart", [], str(records))
    with pytest.raises(UsageError, match=f"--root runs/{root};"):
        pinned_classes(settings, Source(str(records), ("*",)), [], runs, "b", tmp_path)
