"""The summary of ServingCheck."""

from components.lite.result import format_lite
from components.serving_check.result import format_serving_check
from components.serving_check.result_files import read_serving_check
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the headline of the result; sets the field `serving_check`."""
    result = read_serving_check(uri_of(outputs, "blessing"))
    headline = format_serving_check(result).partition("\n")[0]
    details = [format_lite(result.lite)] if result.lite else []
    return StepSummary(headline, {"serving_check": result}, details)
