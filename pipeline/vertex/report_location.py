"""Where the report of a job is: `<vertex.root>/history/<job id>/report.html`."""

from urllib.parse import quote

from pipeline.history.runs import REPORT_FILE
from pipeline.root_files import HISTORY_FOLDER

# The task that makes it, see `pipeline.vertex.exit_handler`.
EXIT_HANDLER = "Report"

_GS = "gs://"
_BROWSER = "https://storage.cloud.google.com/"


def history_folder(root: str, job_id: str) -> str:
    """Returns the folder of a job in the history of its root."""
    return f"{root.rstrip('/')}/{HISTORY_FOLDER}/{job_id}"


def report_link(root: str, job_id: str) -> str:
    """Returns where to look at the report of a job: a URL for a browser, or a local path."""
    path = f"{history_folder(root, job_id)}/{REPORT_FILE}"
    return f"{_BROWSER}{quote(path.removeprefix(_GS))}" if path.startswith(_GS) else path
