"""Schedules on Vertex AI Pipelines: one per name, and one run at a time."""

import datetime
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from google.api_core.exceptions import NotFound
from google.cloud import aiplatform_v1 as v1
from pydantic import BaseModel

from components.google_api import RetryPolicy, service_errors
from data.common.errors import ServiceError, UsageError
from data.common.formatting import format_list
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.jobs import ATTEMPT_LABEL


@dataclass(frozen=True)
class SchedulePlan:
    """The desired schedule.

    Attributes:
      name: Display name; a new schedule replaces the old ones of this name.
      cron: Cron expression with an optional time zone, such as `TZ=Europe/Paris 0 3 * * 1`.
      end: Time after which no run starts; None for no end.
      max_runs: Maximum number of runs; None for no limit.
    """

    name: str
    cron: str
    end: datetime.datetime | None = None
    max_runs: int | None = None


class ScheduleEntry(BaseModel):
    """An entry of `flowers vertex schedule list --json`."""

    name: str
    resource: str
    state: str
    cron: str
    next_run: str | None
    started_runs: int

    @classmethod
    def of(cls, schedule: v1.Schedule) -> Self:
        """Returns the entry of a schedule."""
        return cls(
            name=schedule.display_name,
            resource=schedule.name,
            state=v1.Schedule.State(schedule.state).name.lower(),
            cron=schedule.cron,
            next_run=schedule.next_run_time.isoformat() if schedule.next_run_time else None,
            started_runs=schedule.started_run_count,
        )

    def format_line(self) -> str:
        """Returns the entry as one line."""
        next_run = f"next {self.next_run}" if self.next_run else ""
        start = f"{self.name:<20} {self.state:<10} {self.cron:<30}"
        return f"{start} {self.started_runs} runs {next_run}".rstrip()


@dataclass(frozen=True)
class Schedules:
    """The schedules in a project and region; for the attributes see `pipeline.vertex.jobs.Jobs`."""

    vertex: VertexSettings
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)

    def create(self, plan: SchedulePlan, job: v1.PipelineJob) -> tuple[v1.Schedule, list[str]]:
        """Creates a schedule and deletes all others of its name.

        The others are deleted once the new schedule is active. If an active schedule does exactly
        what is planned, it is kept and no new one is created.

        Returns:
          The active schedule, and the resource names of the deleted ones.

        Raises:
          ServiceError: The service did not accept the schedule; the old ones are kept.
        """
        existing = self.find(plan.name)
        same = next((s for s in existing if _matches(s, plan, job)), None)
        active = same or self._create(plan, job)
        if active.state != v1.Schedule.State.ACTIVE:
            raise ServiceError(
                f"the new schedule {active.name} is {active.state.name} and not active; the old "
                "ones were kept: look at it in the console"
            )
        replaced = [schedule.name for schedule in existing if schedule.name != active.name]
        for name in replaced:
            self._delete(name)
        return active, replaced

    def find(self, name: str | None = None) -> list[v1.Schedule]:
        """Returns all schedules, or those with a display name, newest first."""
        request = v1.ListSchedulesRequest(
            parent=self.vertex.where.parent, order_by="create_time desc",
            filter=f'display_name="{name}"' if name else "",
        )  # fmt: skip
        with service_errors("listing schedules"):
            return list(self._client.list_schedules(request, **self.retry_policy.options()))

    def pause(self, name: str) -> v1.Schedule:
        """Pauses a schedule: no run starts until `resume`."""
        schedule = self._get(name)[0]
        with service_errors("pausing the schedule"):
            self._client.pause_schedule(name=schedule.name, **self.retry_policy.options())
        return schedule

    def resume(self, name: str) -> v1.Schedule:
        """Resumes a schedule, without the runs that it missed."""
        schedule = self._get(name)[0]
        with service_errors("resuming the schedule"):
            request = {"name": schedule.name, "catch_up": False}
            self._client.resume_schedule(request, **self.retry_policy.options())
        return schedule

    def delete(self, name: str) -> list[str]:
        """Deletes all schedules with a display name and returns their resource names."""
        names = [schedule.name for schedule in self._get(name)]
        for resource in names:
            self._delete(resource)
        return names

    def _get(self, name: str) -> list[v1.Schedule]:
        """Returns the schedules with a display name, newest first, and at least one."""
        schedules = self.find(name)
        if not schedules:
            known = format_list(sorted({s.display_name for s in self.find()})) or "none"
            raise UsageError(f"there is no schedule {name!r}; there are: {known}")
        return schedules

    def _create(self, plan: SchedulePlan, job: v1.PipelineJob) -> v1.Schedule:
        attempt, parent = uuid.uuid4().hex, self.vertex.where.parent
        labelled_job = v1.PipelineJob(job)
        labelled_job.labels[ATTEMPT_LABEL] = attempt
        schedule = v1.Schedule(
            display_name=plan.name, cron=plan.cron, end_time=plan.end,
            max_run_count=plan.max_runs or 0, max_concurrent_run_count=1, allow_queueing=False,
            create_pipeline_job_request=v1.CreatePipelineJobRequest(
                parent=parent, pipeline_job=labelled_job
            ),
        )  # fmt: skip
        options = self.retry_policy.options_without_retry()
        with service_errors("creating the schedule"):
            return self.retry_policy.create_once(
                lambda: self._client.create_schedule(parent=parent, schedule=schedule, **options),
                lambda: next((s for s in self.find(plan.name) if _attempt(s) == attempt), None),
            )

    def _delete(self, name: str) -> None:
        with service_errors("deleting a schedule"), suppress(NotFound):
            # NotFound: an earlier attempt succeeded, but its response was lost.
            operation = self._client.delete_schedule(name=name, **self.retry_policy.options())
            operation.result(timeout=self.retry_policy.seconds)

    @property
    def _client(self) -> v1.ScheduleServiceClient:
        return v1.ScheduleServiceClient(client_options=self.vertex.where.options)


def _attempt(schedule: v1.Schedule) -> str:
    return str(schedule.create_pipeline_job_request.pipeline_job.labels.get(ATTEMPT_LABEL, ""))


def _matches(schedule: v1.Schedule, plan: SchedulePlan, job: v1.PipelineJob) -> bool:
    """Returns whether a schedule is active and does exactly what is planned."""
    scheduled_job = v1.PipelineJob(schedule.create_pipeline_job_request.pipeline_job)
    scheduled_job.labels.pop(ATTEMPT_LABEL, None)
    planned_job = v1.PipelineJob(job)
    for proto in (scheduled_job, planned_job):
        # The service may set these itself.
        proto.name = proto.display_name = ""
    return (
        schedule.state == v1.Schedule.State.ACTIVE
        and schedule.cron == plan.cron
        and schedule.end_time == plan.end
        and schedule.max_run_count == (plan.max_runs or 0)
        and scheduled_job == planned_job
    )
