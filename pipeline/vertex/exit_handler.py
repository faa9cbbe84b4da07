"""The exit handler of a job: Vertex AI runs it last, whether the other steps succeed or fail."""

import json
import logging

from tfx.dsl.component.experimental.annotations import Parameter
from tfx.orchestration.kubeflow.decorators import exit_handler

from components.alert.message import FinalStatus, create_alert
from components.alert.sending import send_alert
from data.common.errors import describe_error
from pipeline.root_files import ARTIFACTS_FOLDER
from pipeline.vertex.job_facts import JobFacts
from pipeline.vertex.job_report import write_job_report


@exit_handler
def Report(
    final_status: Parameter[str],
    root: Parameter[str],
    facts: Parameter[str],
    webhook: Parameter[str],
    topic: Parameter[str],
) -> None:
    """Writes the report of the job, and sends its outcome to a webhook, a topic or both.

    A report that cannot be made is told in the alert, and fails nothing: the model may serve. An
    alert that cannot be sent fails the handler, and with it the job.

    Args:
      final_status: A PipelineTaskFinalStatus as JSON, which Vertex AI passes to an exit handler.
      root: The root of the job.
      facts: JobFacts as JSON.
      webhook: The URL of the webhook; empty for none.
      topic: The full name of the topic; empty for none.
    """
    conclude(parse_status(final_status), root, JobFacts.model_validate_json(facts), webhook, topic)


def conclude(status: FinalStatus, root: str, facts: JobFacts, webhook: str, topic: str) -> None:
    """Makes the report and sends the alert, see `Report`."""
    report, problem = "", ""
    try:
        report = write_job_report(status, facts, root)
    except Exception as error:
        logging.getLogger(__name__).exception("the report could not be made")
        problem = describe_error(error)
    name, artifacts = str(facts.settings["name"]), f"{root}/{ARTIFACTS_FOLDER}"
    send_alert(create_alert(name, status, artifacts, report, problem), webhook, topic)


def parse_status(final_status: str) -> FinalStatus:
    """Returns the result of a job from a PipelineTaskFinalStatus as JSON."""
    values = json.loads(final_status)
    return FinalStatus(
        name=values["pipelineJobResourceName"],
        state=values["state"],
        error=values.get("error", {}).get("message", ""),
    )
