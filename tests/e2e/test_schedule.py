"""Twelve weeks of a schedule with a clock of its own, and real runs of the toy pipeline."""

import datetime
import io
import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.model_store.local import LocalStore
from data.common.errors import UsageError
from data.features import CLASS, IMAGE
from data.records import encode_example
from data.synthetic import CLASS_NAMES, write_sample
from pipeline.history.runs import History
from pipeline.schedule.cron import Dates
from pipeline.schedule.lock import only_one
from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of
from pipeline.schedule.service import RunOutcome, Service
from pipeline.settings.loading import load_settings

pytestmark = pytest.mark.slow

TOY = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "data.split_salt=2",
    "gate.target=0.0", "gate.max_loss=1", "retention.runs=2",
    "push.keep=2", "data.drift=stop", "data.drift_min_images=50", "model.warm_start=if_serving",
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

    def on(self, date, event, *args):
        moment = datetime.datetime.fromisoformat(f"{date}T00:00+00:00")
        self.events[moment] = lambda: event(*args)


class Spans:
    """The folder in which spans arrive."""

    def __init__(self, folder, sample):
        self.folder, self.sample = folder, sample

    @property
    def pattern(self):
        return str(self.folder / "span-{SPAN}/*")

    def arrives(self, number, records):
        folder = self.folder / f"span-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / "a.tfrec")) as writer:
            for record in records:
                writer.write(record)

    def arrives_damaged(self, number):
        self.arrives(number, self.sample)
        file = self.folder / f"span-{number}" / "a.tfrec"
        file.write_bytes(file.read_bytes()[:-50])

    def darkened(self):
        return [changed(record, darker=True) for record in self.sample]

    def with_a_new_class(self):
        return [*self.sample[:-9], *(changed(record, "asters") for record in self.sample[-9:])]


def changed(record, label="", darker=False):
    """Returns a record with another class, or with a darker picture."""
    features = tf.train.Example.FromString(record).features.feature
    image, class_id = features[IMAGE].bytes_list.value[0], features[CLASS].int64_list.value[0]
    names = list(CLASS_NAMES)
    if label:
        names, class_id = [*names, label], len(names)
    if darker:
        buffer = io.BytesIO()
        pixels = np.asarray(Image.open(io.BytesIO(image))).astype(int) * 3 // 4
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=95)
        image = buffer.getvalue()
    return encode_example(image, class_id, names, (32, 32))


class Turns:
    """Takes the turns; some are cut off by a kill or by a full disk, as `trouble` says."""

    def __init__(self, root, pattern, end):
        self._settings = load_settings("quickstart", TOY, pattern)
        self._root, self._end = root, end
        self.command = ["schedule", "once", "--data", pattern, "--root", str(root)]
        self.command += [option for setting in TOY for option in ("--set", setting)]
        self.trouble = []

    def take(self):
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble == "disk full":
            full = SimpleNamespace(free=10_000)
            with mock.patch("pipeline.local.root.shutil.disk_usage", return_value=full):
                return outcome_of(ScheduledRun(self._settings, "quickstart", self._root).take())
        if trouble:
            assert self._end(self.command, *trouble) == -signal.SIGKILL
            return RunOutcome("failed", "killed", may_pass=True)
        return outcome_of(ScheduledRun(self._settings, "quickstart", self._root).take())


class Week(NamedTuple):
    """What is expected of one: what is told, which version serves then, and of which runs."""

    day: str
    told: str
    serves: int
    entries: list[str]
    words: str = ""


WEEKS = [
    Week("30 November: the first span is there", "pushed", 1, ["pushed"]),
    Week("7 December: the second is late", "skipped", 1, ["skipped"], "nothing changed since run"),
    Week("14 December: it came; a kill", "pushed", 2, ["interrupted", "pushed"]),
    Week("21 December: it came once more", "skipped", 2, ["skipped"], "nothing changed since run"),
    Week("28 December: damaged", "data refused", 2, ["data refused"], "a.tfrec: after record"),
    Week("4 January: mended, and dark", "data refused", 2, ["data refused"], "brightness: median"),
    Week("11 January: as it should be; a kill", "pushed", 3, ["interrupted", "pushed"]),
    Week(
        "27 January, after two weeks off: a full disk, a kill", "pushed", 4,
        ["failed", "interrupted", "pushed"],
    ),
    Week("1 February: a new class", "data refused", 4, ["data refused"], "new class asters, id 5"),
    Week("8 February: too small", "data refused", 4, ["data refused"], "no example of"),
    Week("15 February: a kill", "pushed", 5, ["interrupted", "pushed"]),
    Week("22 February: nothing came", "skipped", 5, ["skipped"]),
]  # fmt: skip


def test_twelve_weeks(tmp_path: Path, end: Callable, flowers: Callable) -> None:
    (file,) = write_sample(tmp_path / "sample", count=120, shards=1, pixels=32)
    sample = list(tf.data.TFRecordDataset(str(file)).as_numpy_iterator())
    root, clock, spans = tmp_path / "root", Weeks(), Spans(tmp_path / "records", sample)
    turns, told, after_each = Turns(root, spans.pattern, end), [], []

    def notify(state, words):
        told.append((state, words))
        runs = History(root).runs()
        after_each.append(
            (LocalStore(root / "serving").newest_version(), [run.state for run in runs])
        )

    def trouble(*what):
        turns.trouble += what

    spans.arrives(1, sample[:100])
    clock.on("2026-12-08", spans.arrives, 2, sample)
    clock.on("2026-12-09", trouble, ("ExampleGen", "during"))
    clock.on("2026-12-16", spans.arrives, 2, sample)
    clock.on("2026-12-22", spans.arrives_damaged, 3)
    clock.on("2026-12-29", spans.arrives, 3, spans.darkened())
    clock.on("2027-01-05", spans.arrives, 3, sample[::-1])
    clock.on("2027-01-06", trouble, ("Trainer", "during"))
    clock.on("2027-01-19", spans.arrives, 4, sample[10:])
    clock.on("2027-01-20", trouble, "disk full", ("Gate", "during"))
    clock.on("2027-01-30", spans.arrives, 5, spans.with_a_new_class())
    clock.on("2027-02-05", spans.arrives, 6, sample[:3])
    clock.on("2027-02-09", spans.arrives, 7, sample[5:115])
    clock.on("2027-02-10", trouble, ("Pusher", "renamed"))
    service = Service(MONDAYS, turns.take, clock, root, lambda line: None, notify)
    with only_one(root):
        service.run(turns=7)
        with pytest.raises(UsageError, match="a schedule is at work"), only_one(root):
            pass
    # The machine is off; what was missed is one turn.
    clock.sleep_until(datetime.datetime(2027, 1, 27, 10, tzinfo=datetime.UTC))
    with only_one(root):
        service.run(turns=5)

    entries: list[str] = []
    for week, (state, words), (serves, states) in zip(WEEKS, told, after_each, strict=True):
        entries += week.entries
        assert (state, serves, states[::-1]) == (week.told, week.serves, entries), week.day
        assert week.words in words, week.day
        assert (state == "pushed") == ("\nPASSED: accuracy" in words), week.day
    runs = History(root).runs()[::-1]
    pushed = [run for run in runs if run.state == "pushed"]
    assert [run.spans for run in pushed] == [["1"], ["2"], ["3"], ["4"], ["7"]]
    starts = [run.warm_start and run.warm_start.version for run in pushed]
    # The last kill came after the push: its run trained, and the one after it took the same model.
    assert starts == [None, 1, 2, 3, 4]
    # By that a run that was killed after its push is known.
    assert all(run.verdict and run.verdict["digest"] == run.digest for run in pushed)
    card = (root / "serving" / "5" / "MODEL_CARD.md").read_text()
    assert f"weights of version 4 (run {pushed[3].run_id})" in card
    assert [run.error for run in runs if run.state == "failed" and "has 10" not in run.error] == []
    assert sorted(json.loads((root / "schedule.json").read_text())) == ["last_turn"]
    # The newest two runs were retained, and what serves.
    assert 2 <= len(list(Path(root, "artifacts/Transform/transform_graph").iterdir())) <= 3

    # Drift that was looked at, and accepted: the schedule, which would stop, goes on.
    spans.arrives(8, spans.darkened())
    assert turns.take().state == "data refused"
    run = ["run", *turns.command[2:], "--until", "DataGate", "--set", "data.drift=warn"]
    assert "drift: brightness: median" in flowers(*run).out
    assert "brightness: median" in History(root).runs()[0].drift[0]
    ignoring = flowers(*run, "--set", "data.drift=ignore")
    assert ignoring.code == 0
    assert "fit to train on" in ignoring.out
    assert "drift: " not in ignoring.out
    outcome = turns.take()
    assert outcome.state == "pushed"
    assert "drift since the span before: brightness" in outcome.words
    assert turns.take().state == "skipped"
