"""What a run depends on, and what has changed since another: the run key, and why steps rerun."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.common.digest import digest_files
from data.common.errors import UsageError
from data.schema import curated_schema_text, span_schema_text
from pipeline.fingerprint import code_fingerprint
from pipeline.settings.settings import Settings
from pipeline.steps import CLASSES, RECORDS, SCHEMA, SPAN_SCHEMA, STEPS, code_fingerprints

SPLIT_SALT = "data.split_salt"
CODE = "code of "
# What is in records and classes already, and what a run on this machine does not heed.
_NO_INPUTS: Any = {
    "data": {"source", "public_size", "spans", "classes"},
    "vertex": True,
    "notify": True,
    "retention": True,
}


def run_inputs(
    settings: Settings, records: str, classes: Sequence[str] | None, split_salt: str
) -> dict[str, Any]:
    """Returns all that decides what a run computes, as flat keys and plain values.

    Two runs under one root with equal inputs are the same run: this is the run key.

    Args:
      settings: see `pipeline.settings.loading`.
      records: where they lie, and the fingerprint of their contents.
      classes: in the order of their ids; None as long as they are not known.
      split_salt: with which the images are dealt out.

    Raises:
      UsageError: the file of `model.weights` can't be read.
    """
    schema, span_schema = (
        hashlib.sha256(text.encode()).hexdigest()
        for text in (curated_schema_text(), span_schema_text())
    )
    code = {f"{CODE}{step}": value for step, value in code_fingerprints().items()}
    # How the steps are wired: a change of it goes through TFX's cache, step by step.
    code[f"{CODE}the pipeline"] = code_fingerprint("pipeline.graph")
    places = {RECORDS: records, CLASSES: classes, SCHEMA: schema, SPAN_SCHEMA: span_schema}
    flat = dict(_flatten(settings.model_dump(mode="json", exclude=_NO_INPUTS)))
    flat[SPLIT_SALT] = split_salt
    if digest := weights_digest(settings):
        flat["model.weights"] += f" ({digest})"
    return {**flat, **places, **code}


def weights_digest(settings: Settings) -> str:
    """Returns a short digest of the file that `model.weights` names; empty where it names none.

    Raises:
      UsageError: it can't be read.
    """
    file = settings.model.weights_file
    if not file:
        return ""
    try:
        return digest_files({"": Path(file)})[:12]
    except OSError as error:
        raise UsageError(
            f"model.weights: {file} can't be read: {error.strerror}; it takes 'none', 'imagenet', "
            "or the path of an .h5 file of Keras weights without the top"
        ) from error


def why_steps_run(
    before: Mapping[str, Any] | None, now: Mapping[str, Any], asked_for: Collection[str] = ()
) -> dict[str, str]:
    """Returns the cause of rerunning, in words, of each step that has one.

    Args:
      before: the inputs of the run to compare with; None if there is none.
      now: the inputs of this run.
      asked_for: the steps that are to run whether or not anything changed.
    """
    if before is None:
        return dict.fromkeys(STEPS, "first run")
    causes: dict[str, str] = {}
    for step, inputs in STEPS.items():
        own = [*inputs.own, *([f"{CODE}{step}"] if inputs.entry else [])]
        changed = [key for key in _changed(before, now) if _belongs(key, own)]
        upstream = [name for name in inputs.after if name in causes]
        if changed:
            causes[step] = ", ".join(_in_words(key, before, now) for key in changed)
        elif step in asked_for:
            causes[step] = "asked for"
        elif upstream:
            causes[step] = f"after {upstream[0]}"
        elif inputs.each_time:
            causes[step] = inputs.each_time
    return causes


def inputs_of_step(step: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of a run's inputs on which what a step makes depends."""
    own: list[str] = []
    names = {step}
    for name, step_inputs in reversed(STEPS.items()):
        if name in names:
            names.update(step_inputs.after)
            own += [*step_inputs.own, f"{CODE}{name}"]
    return {key: value for key, value in inputs.items() if _belongs(key, own)}


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [key for key in {**before, **now} if before.get(key) != now.get(key)]


def _belongs(key: str, own: list[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in own)


def _in_words(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if key in (RECORDS, CLASSES, SCHEMA, SPAN_SCHEMA):
        return f"the {key} changed"
    if key.startswith(CODE):
        return "its code changed"
    return f"{key} {before.get(key)} -> {now.get(key)}"
