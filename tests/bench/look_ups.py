"""Look-ups in ML Metadata of a root with many runs: `make bench-look-ups`.

A toy run is repeated with all steps but Pusher from the cache, first in a root with few runs, then
in one with many. Those are copies of the toy run in ML Metadata: executions, events and contexts as
TFX writes them, without files.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from data.synthetic import write_sample
from pipeline.fingerprint import version_of
from pipeline.history.mlmd import open_store
from pipeline.local.run import Selection, run_pipeline
from pipeline.reporting.view import View
from pipeline.settings.loading import load_settings

TOY = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "gate.min_examples=1",
    "gate.target=0", "data.split_salt=2",
]  # fmt: skip
RUN_CONTEXT = "pipeline_run"


def main() -> None:
    """Prints a line for each number of runs: median, lowest and highest CPU and elapsed seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample(folder / "data", count=120, shards=2, pixels=32)
        # The first run trains; after the second one, everything is imported.
        first = [run(folder) for _ in range(2 + arguments.repeats)]
        report("few runs", first[2:])
        seconds = time.perf_counter()
        add_runs(open_store(folder / "root"), arguments.runs)
        say(f"added {arguments.runs} runs in {time.perf_counter() - seconds:.0f} s")
        report(f"{arguments.runs} more runs", [run(folder) for _ in range(arguments.repeats)])


def run(folder: Path) -> tuple[float, float]:
    """Runs the toy pipeline; returns the CPU seconds of this process and the elapsed seconds."""
    settings = load_settings("quickstart", [*TOY, f"data.source={folder / 'data'}"])
    root = folder / "root"
    selection = Selection(
        "Pusher" if root.exists() else None, None, enable_cache=True, dry_run=False
    )
    cpu, elapsed = time.process_time(), time.perf_counter()
    code = run_pipeline(settings, "quickstart", root, selection, View(plain=True, verbose=False))
    if code:
        sys.exit(f"the toy run ended with exit code {code}")
    return time.process_time() - cpu, time.perf_counter() - elapsed


def add_runs(store: MetadataStore, count: int) -> None:
    """Copies the executions of the newest pipeline run with their events, `count` times."""
    newest = max(store.get_contexts_by_type(RUN_CONTEXT), key=lambda context: context.id)
    executions = store.get_executions_by_context(newest.id)
    events = defaultdict(list)
    for event in store.get_events_by_execution_ids([execution.id for execution in executions]):
        events[event.execution_id].append(event)
    artifacts = {artifact.id: artifact for artifact in store.get_artifacts()}
    contexts = {e.id: list(store.get_contexts_by_execution(e.id)) for e in executions}
    for number in range(count):
        run_context = copy_context(newest, f"copy-{number}")
        for execution in executions:
            others = [context for context in contexts[execution.id] if context.id != newest.id]
            pairs = [
                (artifacts[event.artifact_id], copy_event(event)) for event in events[execution.id]
            ]
            _, _, ids = store.put_execution(
                copy_execution(execution, number), pairs, [*others, run_context],
                reuse_context_if_already_exist=True,
            )  # fmt: skip
            run_context.id = ids[-1]


def copy_context(context: mlmd.Context, name: str) -> mlmd.Context:
    copied = mlmd.Context()
    copied.CopyFrom(context)
    copied.ClearField("id")
    copied.name = name
    return copied


def copy_execution(execution: mlmd.Execution, number: int) -> mlmd.Execution:
    copied = mlmd.Execution()
    copied.CopyFrom(execution)
    copied.ClearField("id")
    if copied.name:
        copied.name = f"{copied.name}-{number}"
    return copied


def copy_event(event: mlmd.Event) -> mlmd.Event:
    copied = mlmd.Event()
    copied.CopyFrom(event)
    copied.ClearField("execution_id")
    return copied


def report(case: str, measured: list[tuple[float, float]]) -> None:
    """Prints the median and the range of CPU and elapsed seconds."""
    cpu, elapsed = (list(values) for values in zip(*measured, strict=True))
    say(f"TFX {version_of('tfx')}, {case}: CPU {spread(cpu)}, elapsed {spread(elapsed)}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
