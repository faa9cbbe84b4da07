from components.tuner.trials import Search, Trial
from pipeline.history.run import Run, Step


def run(state, search=None, *steps):
    return Run(
        run_id="20261128-000000", started="2026-11-28T00:00:00+00:00", state=state, config="c",
        settings={}, model="dense", search=search, steps=[Step(name=name) for name in steps],
    )  # fmt: skip


def found():
    trial = Trial(
        number=1, values={}, state="done", accuracies=[0.75], losses=[float("nan")], best_epoch=1
    )
    return Search(folder="f", parts={}, trials_wanted=1, trials=[trial])


def test_a_search_is_listed_as_tuned_with_its_best_accuracy():
    line = run("stopped", found(), "Transform", "Tuner").format_line()
    assert " tuned " in line
    assert line.endswith("search, best eval accuracy 0.750")


def test_a_search_that_did_not_end_is_listed_as_one():
    line = run("interrupted", None, "Transform", "Tuner").format_line()
    assert " interrupted " in line
    assert line.endswith(" search")


def test_a_run_that_was_stopped_is_not_taken_for_a_search():
    line = run("stopped", None, "Transform", "Trainer").format_line()
    assert " stopped " in line
    assert "search" not in line


def test_a_search_is_no_finished_run_and_survives_json():
    before = run("stopped", found(), "Tuner")
    assert not before.finished
    again = Run.model_validate_json(before.model_dump_json())
    assert again.shown_state == "tuned"
    assert again.search.trials[0].eval_accuracy == 0.75
