"""The summary of a finished Pusher."""

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
    new = model.get_int_custom_property("new")
    return StepSummary(
        f"version {version}" if new else f"version {version} already serves this model",
        {"pushed": version, "digest": digest, "withdrawn": None},
    )
