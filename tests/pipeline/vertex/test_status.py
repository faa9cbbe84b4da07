from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import aiplatform_v1 as v1

from data.common.errors import UsageError
from pipeline.settings.vertex import TrainerMachine
from pipeline.vertex.jobs import Jobs
from pipeline.vertex.logs import log_lines
from pipeline.vertex.status import status_of

START = datetime(2026, 11, 24, 3, tzinfo=UTC)
State = v1.PipelineTaskDetail.State
PASSED = "PASSED: accuracy 0.938 on 65 test images"
REFUSED = "REFUSED: accuracy 0.538 on 65 test images"
FIT, UNFIT = "FIT TO SERVE: 61 requests", "NOT FIT TO SERVE: 1.0 MB"


@pytest.fixture
def jobs(cloud, vertex, retry_policy):
    return Jobs("flowers", vertex, retry_policy)


def task(number, name, state, error="", **outputs):
    """Returns a step that started `number` minutes after the job and took 30 s."""
    start = START + timedelta(minutes=number)
    container = v1.PipelineTaskExecutorDetail.ContainerDetail(main_job=f"projects/1/x/{name}-main")
    detail = v1.PipelineTaskDetail(
        task_id=number, task_name=name, state=state, create_time=start, start_time=start,
        end_time=start + timedelta(seconds=30),
        executor_detail=v1.PipelineTaskExecutorDetail(container_detail=container),
    )  # fmt: skip
    if error:
        detail.error = {"code": 2, "message": error}
    for key, metadata in outputs.items():
        artifact = v1.Artifact(metadata=metadata)
        detail.outputs[key] = v1.PipelineTaskDetail.ArtifactList(artifacts=[artifact])
    return detail


def ended(cloud, jobs, job, state, *tasks):
    """Submits a job, sets its final state, and returns its status."""
    submitted, _ = jobs.submit(job)
    stored = cloud.jobs[submitted.name]
    stored.start_time, stored.end_time = START, START + timedelta(minutes=9)
    stored.state = v1.PipelineState[f"PIPELINE_STATE_{state}"]
    # Vertex AI lists the job itself as a task as well.
    root = v1.PipelineTaskDetail(task_name=submitted.name.rpartition("/")[2], create_time=START)
    stored.job_detail.task_details = [root, *reversed(tasks)]
    return status_of(jobs.get(None), jobs.vertex)


def test_the_status_of_a_pushed_model_names_steps_as_a_local_run_does(cloud, jobs, job):
    status = ended(
        cloud, jobs, job, "SUCCEEDED",
        task(1, "ExampleGen", State.SKIPPED),
        task(2, "Gate", State.SUCCEEDED, blessing={"blessed": 1.0, "verdict": PASSED}),
        task(3, "ServingCheck", State.SUCCEEDED, blessing={"blessed": 1.0, "verdict": FIT}),
        task(4, "Pusher", State.SUCCEEDED, pushed_model={"pushed": 1.0, "pushed_version": "3"}),
    )  # fmt: skip
    states = [(step.name, step.state) for step in status.steps]
    assert states == [("ExampleGen", "cached"), ("Gate", "done"), ("ServingCheck", "done"),
                      ("Pusher", "done")]  # fmt: skip
    assert status.steps[0].seconds == 30
    assert (status.verdict, status.passed, status.pushed) == (PASSED, True, "3")
    assert status.exit_code == 0
    assert "Pushed: version 3" in status.format()


def test_a_refused_model_is_reported_although_the_job_succeeded(cloud, jobs, job):
    status = ended(
        cloud, jobs, job, "SUCCEEDED",
        task(1, "Gate", State.SUCCEEDED, blessing={"blessed": 0.0, "verdict": REFUSED}),
        task(2, "ServingCheck", State.SUCCEEDED, blessing={"blessed": 1.0, "verdict": FIT}),
        task(3, "Pusher", State.SUCCEEDED, pushed_model={"pushed": 0.0}),
    )  # fmt: skip
    assert (status.state, status.passed, status.exit_code) == ("succeeded", False, 3)
    assert status.verdict == REFUSED
    assert "Nothing was pushed." in status.format()


def test_the_status_of_a_model_that_another_push_overtook_names_the_serving_version(
    cloud, jobs, job
):
    properties = {"pushed": 1.0, "pushed_version": "3", "newer": 4.0}
    pusher = task(1, "Pusher", State.SUCCEEDED, pushed_model=properties)
    lines = ended(cloud, jobs, job, "SUCCEEDED", pusher).format()
    assert "Pushed: version 3" in lines
    assert "Version 4, pushed by another job at the same time, serves." in lines


def test_a_failed_serving_check_is_part_of_the_verdict(cloud, jobs, job):
    status = ended(
        cloud, jobs, job, "SUCCEEDED",
        task(1, "Gate", State.SUCCEEDED, blessing={"blessed": 1.0, "verdict": PASSED}),
        task(2, "ServingCheck", State.SUCCEEDED, blessing={"blessed": 0.0, "verdict": UNFIT}),
        task(3, "Pusher", State.SUCCEEDED, pushed_model={"pushed": 0.0}),
    )  # fmt: skip
    assert status.verdict == f"{PASSED}\n{UNFIT}"
    assert status.exit_code == 3


def test_a_failed_job_reports_the_error_of_its_step(cloud, jobs, job):
    status = ended(
        cloud, jobs, job, "FAILED",
        task(1, "Trainer", State.FAILED, error="The replica exited with a non-zero status of 1"),
        task(2, "Gate", State.NOT_TRIGGERED),
    )  # fmt: skip
    assert [step.state for step in status.steps] == ["failed", "skipped"]
    assert status.error == "The replica exited with a non-zero status of 1"
    assert (status.passed, status.exit_code) == (None, 1)


def test_the_report_is_linked_once_the_exit_handler_has_run(cloud, jobs, job):
    running = ended(cloud, jobs, job, "RUNNING", task(1, "Report", State.RUNNING))
    assert running.report is None
    status = ended(cloud, jobs, job, "FAILED", task(1, "Report", State.SUCCEEDED))
    url = "https://storage.cloud.google.com/your-bucket/flowers/history"
    assert status.report == f"{url}/{status.job_id}/report.html"
    assert f"Report: {status.report}" in status.format()


def test_the_log_of_a_step_is_that_of_its_container(cloud, jobs, job, vertex, retry_policy):
    ended(cloud, jobs, job, "FAILED", task(1, "Trainer", State.FAILED), task(2, "Gate", 9))
    cloud.logs = {"Trainer-main": ["one", "two", "three"], "Gate-main": ["four"]}
    newest = jobs.get(None)
    lines = list(log_lines(newest, "Trainer", 2, vertex, retry_policy))
    assert lines == ["Trainer: two", "Trainer: three"]
    assert len(list(log_lines(newest, None, 50, vertex, retry_policy))) == 4
    with pytest.raises(UsageError, match="has no step 'Train' yet; it has Trainer"):
        list(log_lines(newest, "Train", 2, vertex, retry_policy))


def test_the_log_of_the_trainer_includes_its_custom_job(cloud, jobs, job, vertex, retry_policy):
    ended(cloud, jobs, job, "FAILED", task(1, "Trainer", State.FAILED))
    cloud.custom_jobs = [
        v1.CustomJob(name=f"projects/1/x/customJobs/{n}", display_name="flowers-trainer",
                     create_time=START + timedelta(minutes=n))
        for n in (0, 1, 5)
    ]  # fmt: skip
    cloud.logs = {"Trainer-main": ["launched"], "1": ["epoch 1/12"], "5": ["another run"]}
    machine = {"machine_type": "cloud-tpu", "accelerator_type": "TPU_V3", "accelerator_count": 8}
    vertex = vertex.model_copy(update={"trainer": TrainerMachine(**machine)})
    lines = list(log_lines(jobs.get(None), "Trainer", 50, vertex, retry_policy))
    assert lines == ["Trainer: launched", "Trainer: epoch 1/12"]
