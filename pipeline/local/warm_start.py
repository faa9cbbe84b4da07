"""The model that a warm start begins with: the same one until another input changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from components.artifacts import KERAS_FORMAT, SEEN_FILE, WEIGHTS_FILE
from components.model_store.base import ServedVersion
from components.trainer.settings import COLD, IF_SERVING, WarmStart
from data.common.errors import UsageError
from data.common.files import digest_files
from pipeline.history.run import Run
from pipeline.local.run_inputs import inputs_of_step
from pipeline.settings.settings import Settings

WARM_START = "model.warm_start"
# The inputs that determine the split of an image.
_ASSIGNMENT = ("data.split_salt", "data.splits.", "data.group_near_duplicates")


def find_warm_start(
    settings: Settings,
    inputs: Mapping[str, object],
    serving: ServedVersion,
    runs: Sequence[Run],
) -> WarmStart | None:
    """Returns the model whose weights a training starts from; None for a cold start.

    A training with the inputs of an earlier one starts from the same model as that one. Otherwise
    each push would make the next run retrain although nothing changed.

    Args:
      settings: The settings.
      inputs: The inputs of the run, see `pipeline.local.run_inputs`.
      serving: The serving model.
      runs: The runs of the root, newest first.

    Raises:
      UsageError: There is no model to start from, or it does not fit, or it may have seen images
        that are test images now.
    """
    wanted = settings.model.warm_start
    if wanted == COLD:
        return None
    ours = _training_inputs(inputs)
    # A run that was interrupted or refused before its training pins nothing.
    for run in (run for run in runs if run.model_uri):
        if run.setting(WARM_START) == wanted and _training_inputs(run.inputs) == ours:
            if not run.warm_start:
                return None
            if Path(run.warm_start.weights).exists():
                return _check_splits(run.warm_start, inputs, runs)
            break
    if serving.version:
        return _check_splits(_from_serving(settings, serving, runs), inputs, runs)
    if wanted == IF_SERVING:
        return None
    raise UsageError(
        f"{WARM_START} is {wanted}, and no model serves yet; allowed are if_serving, which starts "
        "cold in that case, and none"
    )


def warm_start_key(wanted: str, start: WarmStart | None) -> str:
    """Returns the value of `model.warm_start` among the inputs of a run."""
    if wanted == COLD:
        return COLD
    if not start:
        return f"{wanted} (none yet)"
    return f"{wanted} (version {start.version} of run {start.run_id}, {start.digest})"


def describe_warm_start(settings: Settings, start: WarmStart | None, serving: ServedVersion) -> str:
    """Returns the console line about the warm start of a run; empty if none is requested."""
    if start:
        return f"warm start: from version {start.version} of run {start.run_id}"
    if settings.model.warm_start == COLD:
        return ""
    if serving.version:
        return "no warm start: no model served when this training first ran"
    return "no warm start: no model serves yet"


def _training_inputs(inputs: Mapping[str, object]) -> dict[str, object]:
    return {k: v for k, v in inputs_of_step("Trainer", inputs).items() if k != WARM_START}


def _from_serving(settings: Settings, serving: ServedVersion, runs: Sequence[Run]) -> WarmStart:
    """Returns the serving model, after checks that its weights exist and fit."""
    version, model = serving.version, settings.model
    # A run that was killed after its push does not record the version, but its verdict the digest.
    trained = (run for run in runs if run.model_uri and serving.digest in _digests(run))
    run = next(trained, None)
    if not run:
        raise UsageError(
            f"{WARM_START}: the history has no run that trained the serving version {version}"
        )
    name, application = run.setting("model.name"), run.setting("model.application")
    if (name, application) != (model.name, model.application):
        raise UsageError(
            f"{WARM_START}: the serving version {version} is a {f'{name} {application}'.rstrip()}, "
            f"and model.name is {f'{model.name} {model.application}'.rstrip()}; none starts cold"
        )
    weights = Path(str(run.model_uri), KERAS_FORMAT, WEIGHTS_FILE)
    try:
        digest = digest_files({"": weights})[:12]
    except OSError as error:
        raise UsageError(
            f"{WARM_START}: {weights}, of version {version}, cannot be read: {error.strerror}"
        ) from error
    return WarmStart(
        version=version, run_id=run.run_id, weights=str(weights), digest=digest,
        frozen=run.setting("model.frozen"), class_names=run.class_names,
    )  # fmt: skip


def _check_splits(start: WarmStart, inputs: Mapping[str, object], runs: Sequence[Run]) -> WarmStart:
    """Returns a model if the images were assigned to the same splits when it was trained.

    The Trainer checks the images themselves, because near-duplicates that are grouped can change
    their split when data is added.
    """
    remedy = f"--set {WARM_START}={COLD} starts cold"
    if not Path(start.model, SEEN_FILE).exists():
        raise UsageError(
            f"{WARM_START}: version {start.version} does not record which images it has seen, "
            f"because an earlier version of flowers trained it; {remedy}, once"
        )
    trained = next((run.inputs for run in runs if run.run_id == start.run_id), inputs)
    changed = [
        f"{key} {trained.get(key)} -> {value}"
        for key, value in inputs.items()
        if key.startswith(_ASSIGNMENT) and trained.get(key) != value
    ]
    if changed:
        raise UsageError(
            f"{WARM_START}: version {start.version} was trained with other splits "
            f"({', '.join(changed)}) and has seen images that are test images now; {remedy}, or "
            "undo the change"
        )
    return start


def _digests(run: Run) -> set[str | None]:
    return {run.digest, run.verdict.digest if run.verdict else None}
