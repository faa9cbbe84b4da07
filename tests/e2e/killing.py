"""A process that sends itself a signal in the middle of a run."""

import logging
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

# A step on the toy images takes at least a second.
_SECONDS_INTO_STEP = 0.3


def run_and_die(command: Sequence[str], step: str, phase: str, number: int) -> None:
    """Runs `flowers` and sends itself a signal at a step.

    The phases are `before`, `during` and `after` for any step; `no model`, in which the step finds
    no model and no signal is sent; `epoch 2`, when that epoch has been
    reported, in a search `trial 2/3, epoch 2`; and `copying`, `copied` and `renamed` for the phases
    of a push.
    """
    from components.model_store import local
    from pipeline.cli.main import main
    from pipeline.reporting.report import Report

    root = Path(command[list(command).index("--root") + 1])

    def die():
        note_children()
        os.kill(os.getpid(), number)

    def note_children():
        """Writes the ids of the processes that this one has started, next to the root."""
        shutil.copy(f"/proc/self/task/{os.getpid()}/children", root.with_name("children"))

    def started(self, name, original=Report.step_started):
        original(self, name)
        if name == step and phase == "no model":
            note_children()
            shutil.rmtree(root / "artifacts" / "Trainer" / "model")
        if name == step and phase == "before":
            die()
        if name == step and phase == "during":
            threading.Timer(_SECONDS_INTO_STEP, die).start()

    def finished(self, name, *args, original=Report.step_finished):
        if name == step and phase == "after":
            die()
        original(self, name, *args)

    def copy_half(source, target):
        os.mkdir(target)
        shutil.copy(f"{source}/saved_model.pb", target)
        die()

    if phase == "copied":
        local._flush = lambda *_: die()
    if phase == "renamed":
        local.LocalStore._prune = lambda *_: die()
    if phase == "copying":
        # Replaced only in that module, because other modules copy files as well.
        local.shutil = SimpleNamespace(copytree=copy_half, rmtree=shutil.rmtree)

    class Listener(logging.Handler):
        def emit(self, record):
            if "epoch" in phase and record.getMessage().startswith(f"{phase}/"):
                die()

    if "epoch" in phase:
        # Records of level INFO are logged at the end of an epoch.
        logging.getLogger("flowers.progress").addHandler(Listener(logging.INFO))
    Report.step_started, Report.step_finished = started, finished
    sys.argv = ["flowers", *command]
    main()
