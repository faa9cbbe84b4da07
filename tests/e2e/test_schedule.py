"""Turns of a schedule with a clock of its own: real runs of the toy pipeline, week after week."""

import datetime
import json
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from components.pusher.push import served_versions
from data.synthetic import write_sample
from pipeline.config import load_settings
from pipeline.history import History
from pipeline.schedule.cron import Dates
from pipeline.schedule.service import Service
from pipeline.schedule.turn import Turn, outcome_of

pytestmark = pytest.mark.slow

TOY = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "data.split_salt=2",
    "evaluator.target=0.0", "evaluator.max_loss=1", "retention.runs=2",
]  # fmt: skip
MONDAYS = Dates("TZ=UTC 0 3 * * 1")


class Weeks:
    """A clock that jumps, and on its way does what is due between two Mondays."""

    def __init__(self):
        self.time = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
        self.events = {}

    def now(self):
        return self.time

    def sleep_until(self, moment):
        self.time = max(self.time, moment)
        for date in sorted(self.events):
            if date <= self.time:
                self.events.pop(date)()

    def on(self, date, event):
        self.events[datetime.datetime.fromisoformat(f"{date}T00:00+00:00")] = event


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    (file,) = write_sample(folder, count=120, shards=1, pixels=32)
    return list(tf.data.TFRecordDataset(str(file)).as_numpy_iterator())


def write_span(folder, records):
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "a.tfrec")) as writer:
        for record in records:
            writer.write(record)


def test_week_after_week_the_history_tells_what_was_done_and_what_serves(tmp_path, sample):
    records, root, clock = tmp_path / "records", tmp_path / "root", Weeks()
    settings = load_settings("quickstart", TOY, str(records / "span-{SPAN}/*"))
    told, notified, serves = [], [], []

    def turn():
        outcome = outcome_of(Turn(settings, "quickstart", root).take())
        serves.append(max(served_versions(root / "serving"), default=0))
        return outcome

    def broken():
        write_span(records / "span-3", sample)
        file = records / "span-3" / "a.tfrec"
        file.write_bytes(file.read_bytes()[:-50])

    def mended():
        shutil.rmtree(records / "span-3")
        write_span(records / "span-3", sample[::-1][:110])

    write_span(records / "span-1", sample[:100])
    clock.on("2026-12-08", lambda: write_span(records / "span-2", sample))
    clock.on("2026-12-15", broken)
    clock.on("2026-12-29", mended)
    service = Service(
        MONDAYS, turn, clock, root, told.append, lambda state, words: notified.append(state)
    )
    service.run(turns=3)  # 30 November, 7 and 14 December
    # Off from the 15th on; back on the 24th: what was missed is one turn.
    clock.sleep_until(datetime.datetime(2026, 12, 24, 10, tzinfo=datetime.UTC))
    service.run(turns=3)  # 24 and 28 December, 4 January
    assert notified == ["pushed", "skipped", "pushed", "data refused", "skipped", "pushed"]
    assert serves == [1, 1, 2, 2, 2, 3]
    runs = History(root).runs()[::-1]
    assert [run.state for run in runs] == notified
    assert [run.spans for run in runs if run.spans] == [["1"], ["2"], ["3"], ["3"]]
    assert "nothing changed since run" in runs[1].error
    assert "a.tfrec" in runs[3].error
    assert sorted(json.loads((root / "schedule.json").read_text())) == ["last_turn"]
    # Of the four finished runs the newest two were retained, and what serves.
    assert 2 <= len(list(Path(root, "artifacts/Transform/transform_graph").iterdir())) <= 3
