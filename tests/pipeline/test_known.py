"""What earlier runs tell of the next one's data, where it comes in spans."""

import pytest

from data.counts import SPAN_FILE
from data.sources import Source
from data.spans import Span
from pipeline.config import load_settings
from pipeline.history import Run, Step
from pipeline.known import span_before, spans_to_compare, with_accepted_drift


@pytest.fixture
def run(tmp_path):
    """Returns a function that makes a run whose data was accepted, and what it measured."""

    def make(records, *spans, drift="warn", accepted=True, measured=True):
        folder = tmp_path / f"{records}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        if measured:
            (folder / SPAN_FILE).touch()
        settings = load_settings("quickstart", [f"data.drift={drift}"], "elsewhere/*")
        return Run(
            run_id=folder.name, started="", state="pushed", config="", model="", spans=list(spans),
            settings=settings.model_dump(mode="json"), inputs={"records": records},
            class_names=["a"], quarantine=str(folder),
            steps=[Step(name="DataGate", state="done" if accepted else "failed")],
        )  # fmt: skip

    return make


def source(*spans):
    return Source("base", ("*",), tuple(Span(int(s), 0, s, "*") for s in spans))


def test_the_span_before_is_the_newest_accepted_one_of_another_name(run):
    runs = [run("c", "3"), run("b", "2"), run("a", "1")]
    assert span_before(runs, source("3"), "c") == runs[1].quarantine
    assert span_before(runs, source("3"), "c again") == runs[1].quarantine
    assert span_before(runs, source("2", "3", "4"), "d") == runs[0].quarantine
    assert span_before(runs[2:], source("1"), "a") == ""


def test_what_was_refused_or_never_measured_is_no_span_before(run):
    runs = [run("c", "3", accepted=False), run("b", "2", measured=False), run("a", "1")]
    assert span_before(runs, source("4"), "d") == runs[2].quarantine


def test_without_spans_other_records_are_what_was_before(run):
    runs = [run("b"), run("a")]
    assert span_before(runs, source(), "b") == runs[1].quarantine
    assert span_before(runs, source(), "c") == runs[0].quarantine


def test_what_the_next_span_may_be_compared_with_is_kept(run):
    runs = [
        run("d", "3", accepted=False),
        run("c", "2"),
        run("b", "2"),
        run("a", "1"),
        run("z", "0"),
    ]
    assert spans_to_compare(runs) == [runs[1].quarantine, runs[3].quarantine]


def test_records_that_a_person_accepted_stay_accepted(run):
    stop = load_settings("quickstart", ["data.drift=stop"])
    assert with_accepted_drift(stop, [run("a", "1", drift="warn")], "a").data.drift == "warn"
    assert with_accepted_drift(stop, [run("a", "1", drift="warn")], "b").data.drift == "stop"
    assert with_accepted_drift(stop, [run("a", "1", drift="stop")], "a").data.drift == "stop"
