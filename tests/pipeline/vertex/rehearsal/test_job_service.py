import os
import subprocess
import sys

from google.cloud.aiplatform_v1.types import JobState

from pipeline.vertex.rehearsal.container import ContainerFailed
from pipeline.vertex.rehearsal.job_service import JobService, handler
from pipeline.vertex.rehearsal.loopback import loopback

# The calls of TFX's Trainer, by Google's own, unpatched client.
CALL = """
import time
from google.cloud.aiplatform import gapic
client = gapic.JobServiceClient(
    client_options={"api_endpoint": "us-central1-aiplatform.googleapis.com"})
for command in ("good", "bad"):
    pool = {"replica_count": 1, "machine_spec": {"machine_type": "n1-standard-4"},
            "container_spec": {"image_uri": "i:1", "command": [command],
                               "env": [{"name": "A", "value": "1"}]}}
    job = client.create_custom_job(
        parent="projects/p/locations/us-central1",
        custom_job={"display_name": command, "job_spec": {"worker_pool_specs": [pool]}})
    while client.get_custom_job(name=job.name).state.name == "JOB_STATE_RUNNING":
        time.sleep(0.1)
    print(client.get_custom_job(name=job.name).state.name)
try:
    client.get_custom_job(name="projects/p/locations/us-central1/customJobs/9")
except Exception as error:
    print(type(error).__name__)
"""


def test_googles_own_client_creates_jobs_and_gets_their_final_states():
    ran = []

    def run(command, environment):
        ran.append((command, environment["A"]))
        if command == ["bad"]:
            raise ContainerFailed("it ended with exit code 1")

    service = JobService(run)
    with loopback([handler(service)]) as environment:
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CALL],
            env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert answer.stdout.split() == ["JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "NotFound"]
    assert ran == [(["good"], "1"), (["bad"], "1")]
    good, bad = service.jobs
    assert good.state == JobState.JOB_STATE_SUCCEEDED
    assert bad.error.message == "ContainerFailed: it ended with exit code 1"
