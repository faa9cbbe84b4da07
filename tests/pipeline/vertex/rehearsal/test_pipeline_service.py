import os
import subprocess
import sys

from pipeline.vertex.rehearsal.job import CompiledJob, Task
from pipeline.vertex.rehearsal.job_run import job_name
from pipeline.vertex.rehearsal.loopback import loopback
from pipeline.vertex.rehearsal.pipeline_service import PipelineService

# The call of the exit handler, by Google's own, unpatched client.
CALL = """
import sys
from pipeline.vertex.jobs import read_job
from google.cloud.aiplatform_v1.types import PipelineTaskDetail as Task
job = read_job(sys.argv[1])
print(job.pipeline_spec["pipelineInfo"]["name"], dict(job.runtime_config.parameter_values))
for task in job.job_detail.task_details:
    ended = task.end_time is not None
    print(task.task_name, Task.State(task.state).name, ended, task.error.message)
    for key, output in task.outputs.items():
        print(key, output.artifacts[0].uri, dict(output.artifacts[0].metadata))
try:
    read_job(sys.argv[1] + "0")
except Exception as error:
    print(error)
"""
CONTENT = {
    "displayName": "f",
    "pipelineSpec": {"pipelineInfo": {"name": "f"}},
    "runtimeConfig": {"gcsOutputDirectory": "/root/artifacts", "parameterValues": {"target": 0.5}},
}
HANDLER = Task("Report", {}, {}, {})


def test_googles_own_client_gets_the_job_with_its_tasks():
    job = CompiledJob("f", "/root/artifacts", {}, [], HANDLER, CONTENT)
    service = PipelineService(job, "f-1")
    service.task_started("A")
    artifact = {"name": "x/1", "uri": "/root/a", "type": {}, "metadata": {"blessed": 1.0}}
    service.task_finished("A", 1.0, False, {"result": artifact})
    service.task_started("B")
    service.task_finished("B", 0.0, True, {})
    service.task_started("C")
    service.task_failed("C", 1.0, ValueError("too large"))
    service.task_skipped("D")
    service.task_started("Report")
    with loopback([service.handler()]) as environment:
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CALL, job_name("f-1")],
            env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert answer.stdout.splitlines()[:-1] == [
        "f {'target': 0.5}",
        "f-1 RUNNING False ",
        "tfx-dag RUNNING False ",
        "A SUCCEEDED True ",
        "result /root/a {'blessed': 1.0}",
        "B SKIPPED True ",
        "C FAILED True too large",
        "D NOT_TRIGGERED False ",
        "Report RUNNING False ",
    ]
    assert answer.stdout.splitlines()[-1].startswith("reading the job: no job projects/1/")
