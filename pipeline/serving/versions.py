"""Watches the folder of pushed versions, and holds the newest one that can be loaded."""

import gc
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from components.model_store.local import LocalStore
from data.common.errors import describe_error
from pipeline.serving.model import ServedModel

# A push must be noticed within two seconds.
POLL_SECONDS = 0.5
# After this time, in seconds, a version that could not be loaded is tried again.
RETRY_SECONDS = 30.0
# The versions that ended and are still listed.
_ENDED_LISTED = 20

# The states of tensorflow_serving/apis/get_model_status.proto that occur here.
State = Literal["LOADING", "AVAILABLE", "END"]
Load = Callable[[int, Path], ServedModel]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VersionStatus:
    """The state of a version, and why it could not be loaded; empty if it could."""

    version: int
    state: State
    error: str = ""


@dataclass(frozen=True)
class _Pushed:
    """A version in the folder, told from another one that was pushed with the same number."""

    version: int
    identity: tuple[int, int, int]


@dataclass
class Versions:
    """The versions under a folder; `poll` is called by one thread, the rest by any.

    Attributes:
      folder: The folder, as TensorFlow Serving watches it; it need not exist.
      load: Loads a version.
      on_load: Called after each attempt to load a version, with whether it succeeded.
    """

    folder: Path
    load: Load
    on_load: Callable[[bool], None] = lambda succeeded: None
    _serving: tuple[_Pushed, ServedModel] | None = None
    _failed: dict[_Pushed, float] = field(default_factory=dict)
    _status: dict[int, VersionStatus] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _dropped: bool = False
    _problem: str = ""

    def serving(self) -> ServedModel | None:
        """Returns the version that serves; None if there is none."""
        serving = self._serving
        return serving[1] if serving else None

    def status(self) -> list[VersionStatus]:
        """Returns the states of the versions that were loaded or tried, newest first."""
        return sorted(self._status.copy().values(), key=lambda s: s.version, reverse=True)

    def watch(self) -> None:
        """Polls until `stop` is called, whatever happens."""
        while not self._stop.wait(POLL_SECONDS):
            self.try_poll()

    def try_poll(self) -> None:
        """Polls; logs an error, such as an unreadable folder, and keeps the serving version."""
        try:
            self.poll()
            self._problem = ""
        except Exception as error:
            problem = describe_error(error)
            if problem != self._problem:
                log.error("cannot look for versions in %s: %s", self.folder, problem)
            self._problem = problem

    def stop(self) -> None:
        """Ends `watch` before its next poll."""
        self._stop.set()

    def poll(self) -> None:
        """Loads the newest version if it does not serve already, and drops one that is gone.

        A version is served until the next one is loaded, also if it was withdrawn meanwhile. If the
        newest one cannot be loaded, the next older one is tried.
        """
        if self._dropped:
            # A SavedModel has cycles of references, through which its variables stay in memory.
            self._dropped = False
            gc.collect()
        pushed, now = self._pushed(), time.monotonic()
        self._failed = {p: t for p, t in self._failed.items() if p in pushed and now < t}
        for candidate in pushed:
            if candidate in self._failed:
                continue
            if self._serving and self._serving[0] == candidate:
                return
            if self._try(candidate):
                return
        if self._serving:
            self._swap(None)

    def _pushed(self) -> list[_Pushed]:
        """Returns the versions in the folder, newest first."""
        found = []
        for version in reversed(LocalStore(self.folder).served_versions()):
            folder = self.folder / str(version)
            try:
                identity, file = folder.stat().st_ino, (folder / "saved_model.pb").stat()
            except FileNotFoundError:
                # It was moved, or is being copied by hand.
                continue
            found.append(_Pushed(version, (identity, file.st_ino, file.st_mtime_ns)))
        return found

    def _try(self, pushed: _Pushed) -> bool:
        """Loads a version and lets it serve; returns whether it could be loaded."""
        version = pushed.version
        self._note(VersionStatus(version, "LOADING"))
        started = time.monotonic()
        try:
            model = self.load(version, self.folder / str(version))
        # TensorFlow raises many kinds of errors for a damaged model.
        except Exception as error:
            if pushed not in self._pushed():
                self._note(VersionStatus(version, "END"))
                return False
            self._failed[pushed] = time.monotonic() + RETRY_SECONDS
            self._note(VersionStatus(version, "END", describe_error(error)))
            self.on_load(False)
            log.error("version %d cannot be loaded: %s", version, describe_error(error))
            return False
        self._swap((pushed, model))
        self.on_load(True)
        log.info("version %d serves; loaded in %.1f s", version, time.monotonic() - started)
        return True

    def _swap(self, serving: tuple[_Pushed, ServedModel] | None) -> None:
        """Lets another version serve, or none."""
        before, self._serving = self._serving, serving
        if before:
            self._dropped = True
            self._note(VersionStatus(before[0].version, "END"))
        if serving:
            self._note(VersionStatus(serving[0].version, "AVAILABLE"))
        else:
            log.warning("no version serves: %s has none that can be loaded", self.folder)

    def _note(self, status: VersionStatus) -> None:
        self._status[status.version] = status
        ended = sorted(v for v, s in self._status.items() if s.state == "END")
        for version in ended[:-_ENDED_LISTED]:
            del self._status[version]
