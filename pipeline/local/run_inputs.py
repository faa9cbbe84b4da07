"""The inputs of a run: everything it depends on, and why steps run again when inputs change."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.common.dotted_keys import flatten
from data.common.errors import UsageError
from data.common.files import digest_files
from data.schema import schema_with, span_schema_text
from pipeline.fingerprint import code_fingerprint
from pipeline.settings.settings import Settings
from pipeline.steps import (
    CLASSES,
    CODE,
    EXTRA_RECORDS,
    LIBRARIES,
    RECORDS,
    SCHEMA,
    SPAN_SCHEMA,
    STEPS,
    code_fingerprints,
    library_versions,
    upstream,
)

SPLIT_SALT = "data.split_salt"
# Settings that RECORDS and CLASSES already cover, and sections that a local run does not use.
_NO_INPUTS: Any = {
    "data": {"source", "public_size", "spans", "classes"},
    "vertex": True,
    "notify": True,
    "retention": True,
    "tune": True,
}


def run_inputs(
    settings: Settings,
    records: str,
    classes: Sequence[str] | None,
    split_salt: str,
    extra: str = "",
) -> dict[str, Any]:
    """Returns everything that determines what a run computes, as flat keys and plain values.

    Two runs under one root with equal inputs are the same run.

    Args:
      settings: The settings.
      records: The location of the records and the fingerprint of their content.
      classes: The classes in the order of their ids; None if they are not known yet.
      split_salt: The salt of the assignment of images to splits.
      extra: Location and fingerprint of the records of `gate.extra_data`; empty if there are none.

    Raises:
      UsageError: The file of `model.weights` cannot be read.
    """
    schema, span_schema = (
        hashlib.sha256(text.encode()).hexdigest() for text in (schema_with([]), span_schema_text())
    )
    others = {RECORDS: records, CLASSES: classes, SCHEMA: schema, SPAN_SCHEMA: span_schema}
    if extra:
        others[EXTRA_RECORDS] = extra
    flat = dict(flatten(settings.model_dump(mode="json", exclude=_NO_INPUTS)))
    flat[SPLIT_SALT] = split_salt
    if digest := weights_digest(settings):
        flat["model.weights"] += f" ({digest})"
    return {**flat, **others, **code_inputs(settings.model.name, library_versions())}


def code_inputs(network: str, libraries: Mapping[str, str]) -> dict[str, str]:
    """Returns the inputs of a run that are code: fingerprints, and the libraries of each step.

    See `pipeline.steps.code_fingerprints` for the network and `library_versions` for the libraries.
    """
    code = {f"{CODE}{step}": value for step, value in code_fingerprints(network).items()}
    # A change of how the steps are wired reaches the steps through TFX's own cache keys.
    code[f"{CODE}the pipeline"] = code_fingerprint("pipeline.graph")
    return {**code, **{f"{LIBRARIES}{step}": text for step, text in libraries.items()}}


def weights_digest(settings: Settings) -> str:
    """Returns a short digest of the file of `model.weights`; empty if that is not a file.

    Raises:
      UsageError: The file cannot be read.
    """
    file = settings.model.weights_file
    if not file:
        return ""
    try:
        return digest_files({"": Path(file)})[:12]
    except OSError as error:
        raise UsageError(
            f"model.weights: {file} cannot be read: {error.strerror}; allowed are 'none', "
            "'imagenet', or the path of an .h5 file of Keras weights without the top"
        ) from error


def why_steps_run(
    before: Mapping[str, Any] | None, now: Mapping[str, Any], requested: Collection[str] = ()
) -> dict[str, str]:
    """Returns the reason why each step runs; steps without a reason are left out.

    Args:
      before: The inputs of the run to compare with; None if there is none.
      now: The inputs of this run.
      requested: The steps that run even if nothing changed.
    """
    if before is None:
        return dict.fromkeys(STEPS, "first run")
    reasons: dict[str, str] = {}
    for step, inputs in STEPS.items():
        changed = [key for key in _changed(before, now) if _belongs(key, _own_keys(step))]
        if CODE + step in changed:
            # Settings that only one version of this program has go with its code.
            changed = [key for key in changed if key in before and key in now]
        rerun = [name for name in inputs.after if name in reasons]
        if changed:
            reasons[step] = ", ".join(_format_change(key, before, now) for key in changed)
        elif step in requested:
            reasons[step] = "requested"
        elif rerun:
            reasons[step] = f"after {rerun[0]}"
        elif inputs.each_time:
            reasons[step] = inputs.each_time
    return reasons


def inputs_of_step(step: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those inputs of a run on which the output of a step depends."""
    own = [key for name in upstream([step]) for key in _own_keys(name)]
    return {key: value for key, value in inputs.items() if _belongs(key, own)}


def _own_keys(step: str) -> list[str]:
    return [*STEPS[step].own, f"{CODE}{step}", f"{LIBRARIES}{step}"]


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    # Earlier versions of this program did not record libraries, and their code differs anyway.
    known = [key for key in {**before, **now} if key in before or not key.startswith(LIBRARIES)]
    return [key for key in known if before.get(key) != now.get(key)]


def _belongs(key: str, own: list[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in own)


def _format_change(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if key in (RECORDS, CLASSES, EXTRA_RECORDS, SCHEMA, SPAN_SCHEMA):
        return f"the {key} changed"
    if key.startswith(CODE):
        return "its code changed"
    if key.startswith(LIBRARIES):
        old, new = (str(inputs.get(key) or "").split(", ") for inputs in (before, now))
        return f"its libraries changed: {_format_libraries(old, new)}"
    return f"{key} {before.get(key)} -> {now.get(key)}"


def _format_libraries(old: list[str], new: list[str]) -> str:
    """Returns the new versions; where TFX is another one, only this and how many others changed."""
    changed = [version for version in new if version not in old]
    tfx_before, tfx_now = (
        next((text for text in versions if text.startswith("tfx ")), "") for versions in (old, new)
    )
    if tfx_before == tfx_now or not tfx_before:
        return ", ".join(changed)
    others = len(changed) - 1
    rest = f" and {others} other{'s' if others > 1 else ''}" if others else ""
    return f"{tfx_before} -> {tfx_now.removeprefix('tfx ')}{rest}"
