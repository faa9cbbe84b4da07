import grpc
import pytest
from google.cloud.aiplatform_v1.types import PipelineState

from data.common.errors import ServiceError, UsageError
from pipeline.vertex.jobs import Jobs, console_link, id_of
from tests.cloud import LOST, SLOW

Code = grpc.StatusCode


@pytest.fixture
def jobs(cloud, vertex, retry_policy):
    return Jobs("flowers", vertex, retry_policy)


def test_a_job_is_submitted_completely(cloud, jobs, job):
    made, new = jobs.submit(job)
    assert new
    assert made.state == PipelineState.PIPELINE_STATE_RUNNING
    (request,) = cloud.asked("CreatePipelineJob")
    assert request.parent == "projects/your-project/locations/us-central1"
    assert request.pipeline_job.pipeline_spec["schemaVersion"] == "2.1.0"
    config = request.pipeline_job.runtime_config
    assert config.gcs_output_directory == "gs://your-bucket/flowers/artifacts"
    assert config.parameter_values["target"] == 0.8
    assert request.pipeline_job.labels["team"] == "a"
    assert id_of(made) in console_link(jobs.vertex, made)


def test_a_running_job_is_not_submitted_again(cloud, jobs, job):
    first, _ = jobs.submit(job)
    second, new = jobs.submit(job)
    assert (second.name, new) == (first.name, False)
    assert len(cloud.jobs) == 1


def test_a_finished_job_can_be_submitted_again_and_a_different_one_at_any_time(cloud, jobs, job):
    first, _ = jobs.submit(job)
    cloud.jobs[first.name].state = PipelineState.PIPELINE_STATE_FAILED
    second, new = jobs.submit(job)
    assert new
    assert id_of(second) == f"{id_of(first)}-2"
    job["runtimeConfig"]["parameterValues"]["target"] = 0.9
    assert jobs.submit(job)[1]
    assert len(cloud.jobs) == 3


def test_another_account_submits_another_job(cloud, jobs, job):
    jobs.submit(job)
    account = "b@your-project.iam.gserviceaccount.com"
    other = jobs.vertex.model_copy(update={"service_account": account})
    made, new = Jobs("flowers", other, jobs.retry_policy).submit(job)
    assert new
    assert made.service_account == account
    assert len(cloud.jobs) == 2


@pytest.mark.parametrize(
    "fault", [LOST, SLOW, Code.UNAVAILABLE, Code.INTERNAL, Code.RESOURCE_EXHAUSTED]
)
def test_transient_errors_are_retried_and_create_one_job(cloud, jobs, job, fault):
    cloud.faults["CreatePipelineJob"] = [fault]
    made, new = jobs.submit(job)
    assert new
    assert list(cloud.jobs) == [made.name]


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (Code.PERMISSION_DENIED, "The account lacks a role"),
        (Code.NOT_FOUND, "Are vertex.project and vertex.region correct"),
        (Code.INVALID_ARGUMENT, "The service rejects the request"),
        (Code.RESOURCE_EXHAUSTED, "A quota is exhausted"),
        (Code.INTERNAL, "The service failed, after several attempts"),
        (Code.DEADLINE_EXCEEDED, "The service failed, after several attempts"),
    ],
)
def test_a_service_error_is_one_line_with_advice(cloud, jobs, job, fault, advice):
    cloud.faults["CreatePipelineJob"] = [fault] * 20
    with pytest.raises(ServiceError, match=advice) as caught:
        jobs.submit(job)
    assert str(caught.value).startswith("submitting the job: ")
    assert "\n" not in str(caught.value)
    assert cloud.jobs == {}
    attempts = len(cloud.asked("CreatePipelineJob"))
    transient = (Code.RESOURCE_EXHAUSTED, Code.INTERNAL, Code.DEADLINE_EXCEEDED)
    assert (attempts > 1) == (fault in transient)


def test_a_job_is_found_and_cancelled(cloud, jobs, job):
    made, _ = jobs.submit(job)
    assert jobs.get(None).name == made.name
    jobs.cancel(jobs.get(id_of(made)))
    assert jobs.get(None).state == PipelineState.PIPELINE_STATE_CANCELLING


def test_an_unknown_job_id_lists_the_existing_jobs(cloud, jobs, job):
    with pytest.raises(UsageError, match="there are: none"):
        jobs.get(None)
    made, _ = jobs.submit(job)
    with pytest.raises(UsageError, match=id_of(made)):
        jobs.get("other")
