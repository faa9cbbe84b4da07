import datetime

import grpc
import pytest
from google.cloud.aiplatform_v1.types import Schedule

from data.common.errors import ServiceError, UsageError
from pipeline.vertex.jobs import Jobs
from pipeline.vertex.schedules import SchedulePlan, Schedules
from tests.cloud import LOST, SLOW

CRON = "TZ=Europe/Paris 0 3 * * 1"
WEEKLY = SchedulePlan("weekly", CRON)


@pytest.fixture
def schedules(cloud, vertex, retry_policy):
    return Schedules(vertex, retry_policy)


@pytest.fixture
def proto(vertex, retry_policy, job):
    return Jobs("flowers", vertex, retry_policy).to_proto(job)


def test_a_schedule_runs_one_job_at_a_time_and_queues_none(cloud, schedules, proto):
    end = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    made, replaced = schedules.create(SchedulePlan("weekly", CRON, end, 50), proto)
    assert replaced == []
    (request,) = cloud.asked("CreateSchedule")
    assert request.schedule.cron == CRON
    assert request.schedule.max_concurrent_run_count == 1
    assert not request.schedule.allow_queueing
    assert request.schedule.end_time == end
    assert request.schedule.max_run_count == 50
    job = request.schedule.create_pipeline_job_request
    assert job.parent == "projects/your-project/locations/us-central1"
    assert job.pipeline_job.runtime_config.parameter_values["target"] == 0.8
    assert job.pipeline_job_id == ""
    assert made.display_name == "weekly"


def test_creating_the_same_schedule_twice_keeps_the_first_one(cloud, schedules, proto):
    first, _ = schedules.create(WEEKLY, proto)
    second, replaced = schedules.create(WEEKLY, proto)
    assert (second.name, replaced) == (first.name, [])
    assert len(cloud.asked("CreateSchedule")) == 1


def test_a_new_schedule_replaces_those_of_its_name_and_deletes_them_last(cloud, schedules, proto):
    first, _ = schedules.create(WEEKLY, proto)
    other, _ = schedules.create(SchedulePlan("daily", "0 3 * * *"), proto)
    second, replaced = schedules.create(SchedulePlan("weekly", "0 4 * * 1"), proto)
    assert replaced == [first.name]
    assert cloud.schedules.keys() == {other.name, second.name}
    methods = [method for method, _ in cloud.requests]
    assert methods[-2:] == ["CreateSchedule", "DeleteSchedule"]


def test_a_new_schedule_that_is_not_active_keeps_the_old_one(cloud, schedules, proto):
    first, _ = schedules.create(WEEKLY, proto)
    create = cloud.CreateSchedule

    def paused(request, context):
        made = create(request, context)
        made.state = Schedule.State.PAUSED
        return made

    cloud.CreateSchedule = paused
    with pytest.raises(ServiceError, match="is PAUSED and not active"):
        schedules.create(SchedulePlan("weekly", "0 4 * * 1"), proto)
    assert first.name in cloud.schedules


@pytest.mark.parametrize("fault", [LOST, SLOW, grpc.StatusCode.UNAVAILABLE])
def test_a_lost_response_creates_no_second_schedule(cloud, schedules, proto, fault):
    cloud.faults["CreateSchedule"] = [fault]
    made, _ = schedules.create(WEEKLY, proto)
    assert list(cloud.schedules) == [made.name]


def test_a_rejected_schedule_keeps_the_old_one(cloud, schedules, proto):
    first, _ = schedules.create(WEEKLY, proto)
    cloud.faults["CreateSchedule"] = [grpc.StatusCode.INVALID_ARGUMENT]
    with pytest.raises(ServiceError, match=r"creating the schedule: .* rejects the request"):
        schedules.create(SchedulePlan("weekly", "0 4 * *"), proto)
    assert list(cloud.schedules) == [first.name]


def test_pause_resume_and_delete(cloud, schedules, proto):
    made, _ = schedules.create(WEEKLY, proto)
    schedules.pause("weekly")
    assert schedules.find("weekly")[0].state == Schedule.State.PAUSED
    schedules.resume("weekly")
    assert schedules.find()[0].state == Schedule.State.ACTIVE
    (request,) = cloud.asked("ResumeSchedule")
    assert not request.catch_up
    assert schedules.delete("weekly") == [made.name]
    assert cloud.schedules == {}


def test_an_unknown_name_lists_the_existing_schedules(schedules, proto):
    schedules.create(WEEKLY, proto)
    for change in (schedules.pause, schedules.resume, schedules.delete):
        with pytest.raises(UsageError, match="there are: weekly"):
            change("daily")


def test_a_deletion_with_a_lost_response_succeeds(cloud, schedules, proto):
    schedules.create(WEEKLY, proto)
    cloud.faults["DeleteSchedule"] = [LOST]
    schedules.delete("weekly")
    assert cloud.schedules == {}
