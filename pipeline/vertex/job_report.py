"""The report of a job on Vertex AI: `report.html` in its folder of the history, as of local runs.

The exit handler of the job writes it, also after a failure.
"""

import tempfile
from pathlib import Path

from components.alert.message import FinalStatus
from pipeline.history.runs import History
from pipeline.report_page.page import write_report
from pipeline.report_page.sources import Publication
from pipeline.vertex.job_facts import JobFacts
from pipeline.vertex.job_record import record_job
from pipeline.vertex.jobs import read_job
from pipeline.vertex.local_copies import copy_artifacts, copy_history, publish_history
from pipeline.vertex.next_steps import job_next_steps
from pipeline.vertex.report_location import history_folder, report_link


def write_job_report(status: FinalStatus, facts: JobFacts, root: str) -> str:
    """Writes the files of a job in the history, and returns where to look at its report.

    The files are made in a local folder first, because `root` may be on gs://.

    Args:
      status: The result of its steps.
      facts: What the compiler knows of the job.
      root: The root of the job.

    Raises:
      ServiceError: Vertex AI does not return the job.
    """
    job = read_job(status["name"])
    job_id = status["name"].rpartition("/")[2]
    remote = history_folder(root, job_id)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        history = History(here)
        own = history.folder(job_id)
        own.mkdir(parents=True)
        copy_history(remote, own)
        run = record_job(job, facts, status, own)
        history.save(run)
        copy_artifacts(run, here)
        write_report(here, run, Publication(remote, job_next_steps(run, root)))
        publish_history(own, remote)
    return report_link(root, job_id)
