import datetime

import pytest

from pipeline.history.runs import History, Run
from pipeline.registry import garbage_collection as clean_module
from pipeline.registry.garbage_collection import _needed
from pipeline.settings.retention import RetentionSettings


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Five finished runs, a day apart, the newest today; of each an artifact of its name."""
    history = History(tmp_path)
    now = datetime.datetime.now(datetime.UTC)
    for age in range(5):
        began = now - datetime.timedelta(days=age, minutes=1)
        run = Run(
            run_id=history.new_run_id(began), started=began.isoformat(timespec="seconds"),
            state="refused", config="c", settings={}, model=f"{age} days",
        )  # fmt: skip
        history.save(run)
    monkeypatch.setattr(
        clean_module, "_outputs", lambda store, run, whole: [run.model] if whole else []
    )
    return tmp_path


@pytest.mark.parametrize(
    ("runs", "days", "kept"),
    [
        (1, None, 1),
        (3, None, 3),
        (None, 2.5, 3),
        (4, 1.5, 2),
        (2, 3.5, 2),
        # The newest one stays, however old it is.
        (None, 0.0001, 1),
    ],
)
def test_a_run_stays_that_is_among_the_newest_and_young_enough(root, runs, days, kept):
    found = _needed(root, None, RetentionSettings(runs=runs, days=days))
    assert found == {f"{age} days" for age in range(kept)}
