import shutil

import numpy as np
import pytest

from components.gate.verdict import Verdict
from components.image_hashes import write_seen
from components.model_store.base import ServedVersion
from components.model_store.local import LocalStore
from data.common.errors import UsageError
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.local.warm_start import describe_warm_start, find_warm_start, warm_start_key
from pipeline.settings.loading import load_settings

# The Trainer depends on the first two, but not on the third.
INPUTS = {
    "records": "week 1", "trainer.epochs": 2, "gate.target": 0.5, "data.split_salt": "2",
    "data.splits.test": 1, "data.group_near_duplicates": False,
}  # fmt: skip


def settings(*overrides):
    return load_settings("quickstart", ["model.warm_start=if_serving", *overrides])


@pytest.fixture
def pushed(tmp_path):
    """Returns a function that pushes the model of a run and saves its weights."""

    def push(version, warm_start=None, inputs=INPUTS, overrides=()):
        model = tmp_path / f"model-{version}"
        (model / "Format-Keras").mkdir(parents=True)
        (model / "Format-Keras" / "weights.h5").write_text(f"weights {version}")
        write_seen(np.array([version], np.uint64), str(model / "Format-Serving"))
        served = tmp_path / "serving" / str(version)
        served.mkdir(parents=True)
        (served / "saved_model.pb").write_text(f"model {version}")
        now = LocalStore(tmp_path / "serving").current_version()
        run = Run(
            run_id=f"run-{version}", started=f"2026-11-2{version}T00:00:00+00:00", state="pushed",
            config="quickstart", settings=settings(*overrides).model_dump(mode="json"),
            inputs=inputs, model="squeezenet", class_names=["a", "b"], model_uri=str(model),
            pushed=version, digest=now.digest, warm_start=warm_start,
        )  # fmt: skip
        (tmp_path / "history" / run.run_id).mkdir(parents=True)
        History(tmp_path).save(run)
        return now, History(tmp_path).runs()

    return push


def test_a_training_starts_from_the_serving_model(pushed):
    serving, runs = pushed(1)
    start = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    assert (start.version, start.run_id, start.class_names) == (1, "run-1", ["a", "b"])
    assert (
        warm_start_key("if_serving", start)
        == f"if_serving (version 1 of run run-1, {start.digest})"
    )


def test_an_unchanged_training_keeps_its_warm_start(pushed):
    serving, runs = pushed(1)
    assert find_warm_start(settings(), {**INPUTS, "gate.target": 0.9}, serving, runs) is None
    second = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    serving, runs = pushed(2, second, {**INPUTS, "records": "week 2"})
    assert serving.version == 2
    again = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    assert again == second
    third = find_warm_start(settings(), {**INPUTS, "records": "week 3"}, serving, runs)
    assert third.version == 2


def test_the_serving_model_replaces_a_start_model_that_was_removed(pushed, tmp_path):
    serving, runs = pushed(1)
    second = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    serving, runs = pushed(2, second, {**INPUTS, "records": "week 2"})
    (tmp_path / "model-1" / "Format-Keras" / "weights.h5").unlink()
    again = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    assert again.version == 2


def test_a_run_without_a_model_does_not_determine_the_warm_start(pushed, tmp_path):
    serving, runs = pushed(1)
    first = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    serving, runs = pushed(2, first, {**INPUTS, "records": "week 2"})
    assert find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs).version == 1
    runs[0].model_uri = None
    runs[0].warm_start = first.model_copy(update={"version": 9})
    later = find_warm_start(
        settings(), {**INPUTS, "records": "week 2"}, ServedVersion(1, "", runs[1].digest), runs
    )
    assert later.version == 1
    with pytest.raises(UsageError, match="no run that trained the serving version 2"):
        find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)


@pytest.mark.parametrize(
    ("key", "value"),
    [("data.split_salt", "3"), ("data.splits.test", 2), ("data.group_near_duplicates", True)],
)
def test_a_model_trained_with_other_splits_is_no_start(pushed, key, value):
    serving, runs = pushed(1)
    message = rf"trained with other splits \({key} .* -> {value}\).*model\.warm_start=none"
    with pytest.raises(UsageError, match=message):
        find_warm_start(settings(), {**INPUTS, key: value}, serving, runs)


def test_a_model_that_does_not_record_its_images_is_no_start(pushed, tmp_path):
    serving, runs = pushed(1)
    shutil.rmtree(tmp_path / "model-1" / "Format-Serving")
    with pytest.raises(UsageError, match="does not record which images it has seen"):
        find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)


def test_a_run_killed_after_its_push_is_found_by_the_digest_in_its_verdict(pushed):
    serving, runs = pushed(1)
    verdict = Verdict(True, "accuracy", 0.9, 0.8, 1.0, 0.8, 10, [], digest=serving.digest)
    runs[0].verdict, runs[0].digest, runs[0].pushed = verdict, None, None
    assert find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs).version == 1


def test_describe_warm_start(pushed):
    serving, runs = pushed(1)
    start = find_warm_start(settings(), {**INPUTS, "records": "week 2"}, serving, runs)
    assert (
        describe_warm_start(settings(), start, serving) == "warm start: from version 1 of run run-1"
    )
    assert "no model serves yet" in describe_warm_start(settings(), None, ServedVersion())
    assert "no model served when" in describe_warm_start(settings(), None, serving)
    assert describe_warm_start(settings("model.warm_start=none"), None, serving) == ""


def test_no_warm_start_if_the_setting_is_none(pushed):
    cold = settings("model.warm_start=none")
    assert find_warm_start(cold, INPUTS, *pushed(1)) is None
    assert warm_start_key("none", None) == "none"


def test_a_missing_serving_model_is_an_error_unless_allowed():
    assert find_warm_start(settings(), INPUTS, ServedVersion(), []) is None
    assert warm_start_key("if_serving", None) == "if_serving (none yet)"
    with pytest.raises(UsageError, match=r"model.warm_start is serving, and no model serves yet"):
        find_warm_start(settings("model.warm_start=serving"), INPUTS, ServedVersion(), [])


def test_an_incompatible_model_is_an_error(pushed, tmp_path):
    serving, runs = pushed(1)
    new = {**INPUTS, "records": "week 2"}
    with pytest.raises(UsageError, match=r"is a squeezenet, and model.name is convnet"):
        find_warm_start(settings("model.name=convnet"), new, serving, runs)
    with pytest.raises(UsageError, match="no run that trained the serving version 7"):
        find_warm_start(settings(), new, ServedVersion(7), runs)
    (tmp_path / "model-1" / "Format-Keras" / "weights.h5").unlink()
    with pytest.raises(UsageError, match=r"weights.h5, of version 1, cannot be read: No such file"):
        find_warm_start(settings(), new, serving, runs)
