"""Twelve weeks of a schedule with a simulated clock and real runs of the toy pipeline."""

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
from pipeline.schedule.cron import CronSchedule
from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of
from pipeline.schedule.service import RunOutcome, Service, schedule_lock
from pipeline.settings.loading import load_settings

pytestmark = pytest.mark.slow

TOY = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "data.split_salt=2",
    "gate.target=0.0", "gate.min_examples=1", "gate.max_loss=1", "retention.runs=2",
    "push.keep=2", "data.drift=stop", "data.drift_min_images=50", "model.warm_start=if_serving",
]  # fmt: skip
MONDAYS = CronSchedule("TZ=UTC 0 3 * * 1")


class FakeClock:
    """A clock that jumps forward and triggers the events between two Mondays."""

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
    """The folder where spans arrive."""

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
    """Returns a record with another class or a darker image."""
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


class Runs:
    """Executes the scheduled runs; `faults` lists the next kills and full disks."""

    def __init__(self, root, pattern, end):
        self._settings = load_settings("quickstart", TOY, pattern)
        self._root, self._end = root, end
        self.command = ["schedule", "once", "--data", pattern, "--root", str(root)]
        self.command += [option for setting in TOY for option in ("--set", setting)]
        self.faults = []

    def start(self):
        fault = self.faults.pop(0) if self.faults else None
        if fault == "disk full":
            full = SimpleNamespace(free=10_000)
            with mock.patch("pipeline.local.root.shutil.disk_usage", return_value=full):
                return self._run()
        if fault:
            assert self._end(self.command, *fault) == -signal.SIGKILL
            return RunOutcome("failed", "killed", transient=True)
        return self._run()

    def _run(self):
        run, _ = ScheduledRun(self._settings, "quickstart", self._root).run()
        return outcome_of(run)


class Week(NamedTuple):
    """The expected notification, serving version and new entries of the history in a week."""

    day: str
    notified: str
    serving: int
    entries: list[str]
    text: str = ""


WEEKS = [
    Week("30 November: the first span", "pushed", 1, ["pushed"]),
    Week("7 December: the second is late", "skipped", 1, ["skipped"], "nothing changed since run"),
    Week("14 December: it arrives; a kill", "pushed", 2, ["interrupted", "pushed"]),
    Week("21 December: it arrives again", "skipped", 2, ["skipped"], "nothing changed since run"),
    Week("28 December: damaged", "data refused", 2, ["data refused"], "a.tfrec: after record"),
    Week("4 January: repaired but dark", "data refused", 2, ["data refused"], "brightness: median"),
    Week("11 January: correct; a kill", "pushed", 3, ["interrupted", "pushed"]),
    Week(
        "27 January, after two weeks off: a full disk, a kill", "pushed", 4,
        ["failed", "interrupted", "pushed"],
    ),
    Week("1 February: a new class", "data refused", 4, ["data refused"], "new class asters, id 5"),
    Week("8 February: too small", "data refused", 4, ["data refused"], "no example of"),
    Week("15 February: a kill", "pushed", 5, ["interrupted", "pushed"]),
    Week("22 February: no new span", "skipped", 5, ["skipped"]),
]  # fmt: skip


def test_twelve_weeks(tmp_path: Path, end: Callable, flowers: Callable) -> None:
    (file,) = write_sample(tmp_path / "sample", count=120, shards=1, pixels=32)
    sample = list(tf.data.TFRecordDataset(str(file)).as_numpy_iterator())
    root, clock, spans = tmp_path / "root", FakeClock(), Spans(tmp_path / "records", sample)
    scheduled, notifications, after_each = Runs(root, spans.pattern, end), [], []

    def notify(state, text):
        notifications.append((state, text))
        runs = History(root).runs()
        after_each.append(
            (LocalStore(root / "serving").newest_version(), [run.state for run in runs])
        )

    def add_faults(*faults):
        scheduled.faults += faults

    spans.arrives(1, sample[:100])
    clock.on("2026-12-08", spans.arrives, 2, sample)
    clock.on("2026-12-09", add_faults, ("ExampleGen", "during"))
    clock.on("2026-12-16", spans.arrives, 2, sample)
    clock.on("2026-12-22", spans.arrives_damaged, 3)
    clock.on("2026-12-29", spans.arrives, 3, spans.darkened())
    clock.on("2027-01-05", spans.arrives, 3, sample[::-1])
    clock.on("2027-01-06", add_faults, ("Trainer", "during"))
    clock.on("2027-01-19", spans.arrives, 4, sample[10:])
    clock.on("2027-01-20", add_faults, "disk full", ("Gate", "during"))
    clock.on("2027-01-30", spans.arrives, 5, spans.with_a_new_class())
    clock.on("2027-02-05", spans.arrives, 6, sample[:3])
    clock.on("2027-02-09", spans.arrives, 7, sample[5:115])
    clock.on("2027-02-10", add_faults, ("Pusher", "renamed"))
    service = Service(MONDAYS, scheduled.start, clock, root, lambda line: None, notify)
    with schedule_lock(root):
        service.run(limit=7)
        with pytest.raises(UsageError, match="another schedule is running"), schedule_lock(root):
            pass
    # The machine is off; the missed dates are made up for by one run.
    clock.sleep_until(datetime.datetime(2027, 1, 27, 10, tzinfo=datetime.UTC))
    with schedule_lock(root):
        service.run(limit=5)

    entries: list[str] = []
    weeks = zip(WEEKS, notifications, after_each, strict=True)
    for week, (state, text), (serving, states) in weeks:
        entries += week.entries
        assert (state, serving, states[::-1]) == (week.notified, week.serving, entries), week.day
        assert week.text in text, week.day
        assert (state == "pushed") == ("\nPASSED: accuracy" in text), week.day
    runs = History(root).runs()[::-1]
    pushed = [run for run in runs if run.state == "pushed"]
    assert [run.spans for run in pushed] == [["1"], ["2"], ["3"], ["4"], ["7"]]
    starts = [run.warm_start and run.warm_start.version for run in pushed]
    # The last kill came after the push: that run trained, and the next one reused its model.
    assert starts == [None, 1, 2, 3, 4]
    # The digest identifies a run that was killed after its push.
    assert all(run.verdict and run.verdict.digest == run.digest for run in pushed)
    card = (root / "serving" / "5" / "MODEL_CARD.md").read_text()
    assert f"weights of version 4 (run {pushed[3].run_id})" in card
    assert [run.error for run in runs if run.state == "failed" and "has 10" not in run.error] == []
    assert sorted(json.loads((root / "schedule.json").read_text())) == ["last_turn"]
    # The newest two runs are kept, and the serving model.
    assert 2 <= len(list(Path(root, "artifacts/Transform/transform_graph").iterdir())) <= 3

    # Once a person accepts the drift, the schedule continues despite data.drift=stop.
    spans.arrives(8, spans.darkened())
    assert scheduled.start().state == "data refused"
    run = ["run", *scheduled.command[2:], "--until", "DataGate", "--set", "data.drift=warn"]
    assert "drift: brightness: median" in flowers(*run).out
    assert "brightness: median" in History(root).runs()[0].drift[0]
    ignoring = flowers(*run, "--set", "data.drift=ignore")
    assert ignoring.code == 0
    assert "fit for training" in ignoring.out
    assert "drift: " not in ignoring.out
    outcome = scheduled.start()
    assert outcome.state == "pushed"
    assert "drift since the previous span: brightness" in outcome.text
    assert scheduled.start().state == "skipped"
