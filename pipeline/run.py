"""`flowers run`: checks, lock, history and console around one run of the pipeline."""

import datetime
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import filelock

from data import sources
from data.errors import DataRefused, UsageError
from pipeline.config import Settings
from pipeline.history import LOG_FILE, History, Run, Step
from pipeline.noise import diverted
from pipeline.report import Report, from_here

PUSHED, FAILED, REFUSED, DATA_REFUSED = 0, 1, 3, 4


def run_pipeline(settings: Settings, config: str, root: Path, *, enable_cache: bool = True) -> int:
    """Runs the whole pipeline on this machine and returns the exit code of `flowers run`.

    Args:
      settings: see `pipeline.config`.
      config: the name that the history notes.
      root: folder of everything that the run leaves; made if it is missing.
      enable_cache: whether steps whose inputs are unchanged are taken from an earlier run.

    Raises:
      UsageError: the records or the root can't be used; nothing was done.
    """
    source = sources.resolve(settings.data.source, settings.data.public_size)
    files = sources.list_files(source)
    root = Path(os.path.abspath(root))
    lock = _lock(root)
    history = History(root)
    run = _new_run(history, settings, config)
    try:
        log = history.folder(run.run_id) / LOG_FILE
        with diverted(log) as console, Report(run, history, console) as report:
            place = str(source) if source.remote else from_here(str(source))
            report.say(f"run {run.run_id}: {len(files)} files of {place}")
            report.say(f"loading TensorFlow and TFX, about 20 s; noise goes to {from_here(log)}")
            return _run(settings, root, source, files, report, enable_cache)
    except UsageError:
        history.discard(run.run_id)
        raise
    finally:
        lock.release()


def _run(
    settings: Settings,
    root: Path,
    source: sources.Source,
    files: Sequence[str],
    report: Report,
    enable_cache: bool,
) -> int:
    sources.check_first_records(source, files)
    # TFX takes 20 s to import: not before the records were looked at.
    from pipeline.graph import Place, create_pipeline
    from pipeline.runners.local import ObservedDagRunner

    place = Place(
        source=source,
        data_fingerprint="" if source.remote else sources.fingerprint(source, files),
        root=str(root),
        metadata_path=str(root / "metadata.sqlite"),
        run_id=report.run.run_id,
    )
    try:
        pipeline = create_pipeline(settings, place, enable_cache=enable_cache)
        report.run.steps = [Step(name=node.id) for node in pipeline.components]
        ObservedDagRunner(report.run.run_id, report).run(pipeline)
        return PUSHED if report.conclude(root) else REFUSED
    except DataRefused as error:
        report.data_refused(error)
        return DATA_REFUSED
    except Exception as error:
        logging.getLogger(__name__).exception("the run failed")
        report.failed(error)
        return FAILED


def _new_run(history: History, settings: Settings, config: str) -> Run:
    now = datetime.datetime.now(datetime.UTC)
    run = Run(
        run_id=history.new_run_id(now),
        started=now.isoformat(timespec="seconds"),
        state="running",
        config=config,
        settings=settings.model_dump(mode="json"),
        model=settings.model.name,
    )
    history.save(run)
    return run


def _lock(root: Path) -> filelock.BaseFileLock:
    """Returns a lock that holds the root for this process."""
    lock = filelock.FileLock(root / ".lock", timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"--root: another run is using {root}; wait until it ends, or name another folder"
        ) from error
    except OSError as error:
        raise UsageError(f"--root: {root} can't be written: {error.strerror}") from error
    return lock
