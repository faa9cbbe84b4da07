"""The summary of a finished Pusher."""

from components.lite.result import LITE_FILE
from components.model_store.exports import EXPORTS
from components.summary import Outputs, RunFacts, StepSummary


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the pushed version; the values are `pushed`, `digest` and `withdrawn`."""
    (model,) = outputs["pushed_model"]
    if not model.get_int_custom_property("pushed"):
        withdrawn = model.get_int_custom_property("withdrawn") or None
        reason = f": this model was version {withdrawn} and was withdrawn" if withdrawn else ""
        values = {"pushed": None, "digest": None, "withdrawn": withdrawn}
        return StepSummary(f"nothing pushed{reason}", values)
    version = int(model.get_string_custom_property("pushed_version"))
    digest = model.get_string_custom_property("digest")
    new, newer = (model.get_int_custom_property(name) for name in ("new", "newer"))
    text = f"version {version}" if new else f"version {version} already serves this model"
    if model.get_int_custom_property("lite"):
        text += f", with {EXPORTS}/{version}/{LITE_FILE}"
    if newer:
        text += f", but version {newer}, pushed by another run at the same time, serves"
    return StepSummary(
        text,
        {"pushed": version, "digest": digest, "withdrawn": None},
    )
