"""Which model a warm start begins with: the same one until something else changes."""

from collections.abc import Sequence
from pathlib import Path

from components.model_store.base import ServedVersion
from components.trainer.settings import COLD, IF_SERVING, WarmStart
from data.common.digest import digest_files
from data.common.errors import UsageError
from pipeline.history.runs import Run
from pipeline.local.run_inputs import inputs_of_step
from pipeline.settings.settings import Settings

WARM_START = "model.warm_start"
# Beside `Format-Serving` in the Trainer's artifact, see `components.trainer.export`.
_WEIGHTS = Path("Format-Keras", "weights.h5")


def find_warm_start(
    settings: Settings,
    inputs: dict[str, object],
    serving: ServedVersion,
    runs: Sequence[Run],
    content_known: bool = True,
) -> WarmStart | None:
    """Returns the model whose weights a run begins with; None for a cold start.

    A training that has the inputs of an earlier one begins with what that began with: else each
    push would make the next run train anew although nothing changed.

    Args:
      settings: see `pipeline.settings.loading`.
      inputs: those of the run, see `pipeline.local.run_inputs`.
      serving: the model that serves now.
      runs: of the root's history, newest first.
      content_known: whether the inputs tell one content of the records from another.

    Raises:
      UsageError: there is no model to begin with, or it does not fit.
    """
    wanted = settings.model.warm_start
    if wanted == COLD:
        return None
    if not content_known:
        raise UsageError(
            f"{WARM_START} is {wanted}: it takes records on this machine, for of others it is not "
            "known beforehand whether they are new, and each run would train on"
        )
    ours = _training(inputs)
    # One that was cut off or refused before it had trained binds nobody.
    for run in (run for run in runs if run.model_uri):
        if run.settings["model"].get("warm_start") == wanted and _training(run.inputs) == ours:
            if not run.warm_start or Path(run.warm_start.weights).exists():
                return run.warm_start
            break
    if not serving.version:
        if wanted == IF_SERVING:
            return None
        raise UsageError(
            f"{WARM_START} is {wanted}, and no version serves yet: if_serving begins without, none "
            "never looks"
        )
    return _of_version(settings, serving, runs)


def warm_start_key(wanted: str, start: WarmStart | None) -> str:
    """Returns what stands for a warm start among the inputs of a run."""
    if wanted == COLD:
        return COLD
    if not start:
        return f"{wanted} (none yet)"
    return f"{wanted} (version {start.version} of run {start.run_id}, {start.digest})"


def describe_warm_start(settings: Settings, start: WarmStart | None, serving: ServedVersion) -> str:
    """Returns what a run says of its warm start; empty where none is wanted."""
    if start:
        return f"warm start: from version {start.version}, of run {start.run_id}"
    if settings.model.warm_start == COLD:
        return ""
    if serving.version:
        return "no warm start: when this training was first done, no version served"
    return "no warm start: no version serves yet"


def _training(inputs: dict[str, object]) -> dict[str, object]:
    return {
        key: value for key, value in inputs_of_step("Trainer", inputs).items() if key != WARM_START
    }


def _of_version(settings: Settings, serving: ServedVersion, runs: Sequence[Run]) -> WarmStart:
    """Returns the model that serves, if its weights are there and fit."""
    version, model = serving.version, settings.model
    # A run that was killed after its push does not know the version.
    digests = ((run, (run.digest, (run.verdict or {}).get("digest"))) for run in runs)
    run = next((run for run, known in digests if run.model_uri and serving.digest in known), None)
    if not run:
        raise UsageError(
            f"{WARM_START}: no run of the history made version {version}, which serves"
        )
    then = run.settings["model"]
    if (then["name"], then["application"]) != (model.name, model.application):
        raise UsageError(
            f"{WARM_START}: version {version}, which serves, is a {then['name']} "
            f"{then['application']}".rstrip()
            + f", and model.name is {model.name} {model.application}".rstrip()
            + "; none begins without it"
        )
    weights = Path(str(run.model_uri)) / _WEIGHTS
    try:
        digest = digest_files({"": weights})[:12]
    except OSError as error:
        raise UsageError(
            f"{WARM_START}: {weights}, of version {version}, can't be read: {error.strerror}"
        ) from error
    return WarmStart(
        version=version, run_id=run.run_id, weights=str(weights), digest=digest,
        frozen=then["frozen"], class_names=run.class_names,
    )  # fmt: skip
