import datetime

import pytest

from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.registry import garbage_collection
from pipeline.settings.settings import RetentionSettings


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Five finished runs, a day apart, the newest today; each has an artifact with its name."""
    history = History(tmp_path)
    now = datetime.datetime.now(datetime.UTC)
    for age in range(5):
        start = now - datetime.timedelta(days=age, minutes=1)
        run = Run(
            run_id=history.new_run_id(start), started=start.isoformat(timespec="seconds"),
            state="refused", config="c", settings={}, model=f"{age} days",
        )  # fmt: skip
        history.save(run)
    monkeypatch.setattr(
        garbage_collection, "_outputs", lambda store, run, keep_all: [run.model] if keep_all else []
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
        # The newest run is kept, however old it is.
        (None, 0.0001, 1),
    ],
)
def test_clean_keeps_runs_that_are_among_the_newest_and_young_enough(root, runs, days, kept):
    found = garbage_collection._needed_uris(
        root, None, History(root).runs(), RetentionSettings(runs=runs, days=days)
    )
    assert found == {f"{age} days" for age in range(kept)}
