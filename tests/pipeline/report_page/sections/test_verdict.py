from dataclasses import replace
from pathlib import Path

import pytest

from components.gate.verdict import ExtraAccuracy
from pipeline.history.run import Run, Step
from pipeline.report_page.page import write_report
from pipeline.report_page.sections import verdict
from pipeline.report_page.sources import ReportSources
from tests.pipeline.seed_run import seed_run


def content(root: Path, run: Run) -> dict:
    return verdict.build(ReportSources(root, run)).content


def ended(state: str, **fields) -> Run:
    steps = [Step(name="DataGate", state="done"), Step(name="Trainer", state="failed")]
    return Run(
        run_id="1", started="2026-11-27T00:00:00+00:00", state=state, config="c", settings={},
        model="dense", **{"steps": steps, **fields},
    )  # fmt: skip


def commands(found: dict) -> str:
    return "\n".join(step.text for step in found["next_steps"])


def test_a_pushed_model_is_named_with_its_accuracy_and_the_serving_one(toy_root, toy_run):
    found = content(toy_root, toy_run)
    assert found["headline"] == "Pushed as version 2"
    share = toy_run.verdict.value
    assert (
        f"The accuracy is {100 * share:.1f}\N{NO-BREAK SPACE}% on 60 test images"
        in (found["measured"])
    )
    line = found["accuracy_line"]
    assert "version 1, serving then" in line
    assert "target 60.0\N{NO-BREAK SPACE}%" in line
    assert f"predict --root {toy_root}" in commands(found)


def test_images_from_elsewhere_say_nothing_if_the_model_has_seen_all(toy_root, toy_run):
    verdict = replace(toy_run.verdict, extra=ExtraAccuracy(0, 0, 1, n=0, seen=20))
    found = content(toy_root, toy_run.model_copy(update={"verdict": verdict}))
    assert found["elsewhere"].startswith("All 20 labelled images from elsewhere")
    assert "0.0" not in found["elsewhere"]


def test_a_refused_model_comes_with_the_reasons_and_the_failed_rules(toy_root, toy_run):
    values = toy_run.model_dump(mode="json")
    values["verdict"] |= {"blessed": False, "reasons": ["too few <images>"]}
    values["verdict"]["checks"][0]["passed"] = False
    found = content(toy_root, Run(**{**values, "state": "refused", "pushed": None}))
    assert found["headline"] == "Refused: the model was not pushed"
    assert found["causes"] == ["too few <images>"]
    assert [check.passed for check in found["checks"]] == [False, True]
    assert "gate explain" in commands(found)


@pytest.mark.parametrize(
    ("run", "headline", "command"),
    [
        (ended("failed", error="OSError: full"), "Failed in Trainer", "history/1/log.txt"),
        (
            ended("data refused", error="bad", examples={"quarantined": 3}),
            "Data refused: nothing was trained or pushed",
            "data quarantine 1 --root",
        ),
        (ended("interrupted"), "Interrupted in Trainer", "The same command continues"),
        (ended("stopped"), "Stopped before the last step, as requested", "Without --until"),
        (ended("running"), "Not finished yet", "runs --root"),
    ],
)
def test_a_run_without_a_verdict_says_what_became_of_it(run, headline, command, tmp_path):
    found = content(tmp_path, run)
    assert found["headline"] == headline
    assert found["causes"] == ([run.error] if run.error else [])
    assert command in commands(found)
    assert not found["measured"]


def test_refused_data_without_bad_records_names_no_quarantine(tmp_path):
    assert "quarantine" not in commands(content(tmp_path, ended("data refused", error="drift")))


REFUSED = "Refused: the model was not pushed"


@pytest.mark.parametrize(
    ("run", "headline", "command"),
    [
        (ended("pushed", pushed=1, withdrawn=1), "Pushed as version 1; withdrawn later", "promote"),
        (
            ended("pushed", pushed=1, withdrawn=1, promoted=3, reason="x"),
            "Pushed as version 1; promoted later as version 3",
            "serving/3",
        ),
        (
            ended("refused", promoted=4, reason="wrong labels"),
            f"{REFUSED}; promoted later as version 4",
            "serving/4",
        ),
        (ended("refused", promoted=4, reason="x", withdrawn=4), REFUSED, "promote 1 --root"),
        (ended("refused", withdrawn=2), REFUSED, "Nothing was pushed: this model was version 2"),
        (ended("failed", steps=[]), "Failed", "log.txt"),
    ],
)
def test_what_people_did_to_the_version_later_is_said(run, headline, command, tmp_path):
    found = content(tmp_path, run)
    assert found["headline"] == headline
    assert command in commands(found)
    if run.promoted == 4 and not run.withdrawn:
        assert found["causes"] == ["Somebody promoted it as version 4: wrong labels"]
        assert "Nothing was pushed" not in commands(found)


def test_images_from_elsewhere_have_a_sentence_and_a_line(toy_root, toy_run):
    extra = ExtraAccuracy(0.5, 0.25, 0.75, n=12, seen=3, target=0.7)
    toy_run.verdict = replace(toy_run.verdict, extra=extra)
    found = content(toy_root, toy_run)
    assert found["elsewhere"].replace("\N{NO-BREAK SPACE}", " ") == (
        "On 12 labelled images from elsewhere (gate.extra_data) the accuracy is 50.0 % (25.0 % to "
        "75.0 %); the target there is 70.0 %. 3 more look like one that the model has seen, and do "
        "not count."
    )
    assert "this model on 12 images from elsewhere" in found["accuracy_line"]


def test_images_from_elsewhere_that_the_model_has_seen_have_no_accuracy(toy_root, toy_run):
    extra = ExtraAccuracy(0.0, 0.0, 1.0, n=0, seen=15)
    toy_run.verdict = replace(toy_run.verdict, extra=extra)
    found = content(toy_root, toy_run)
    assert found["elsewhere"].startswith("All 15 labelled images from elsewhere")
    assert "from elsewhere" not in found["accuracy_line"]


def test_the_run_of_a_seed_is_not_pushed_and_leads_to_the_other_seeds(tmp_path):
    run, other = seed_run(tmp_path, 0), seed_run(tmp_path, 2)
    found = content(tmp_path, run)
    assert found["headline"] == "Trained to compare seeds, not pushed: seed 0 of 0..2"
    assert found["seeds"] == [(2, other.run_id, f"../{other.run_id}/report.html")]
    assert "With --set trainer.seed=0 instead of --seeds" in commands(found)
    page = write_report(tmp_path, run).read_text(encoding="utf-8")
    assert f'<a href="../{other.run_id}/report.html">seed 2, {other.run_id}</a>' in page
