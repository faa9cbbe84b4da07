"""Schedules on Vertex AI Pipelines: one for each name, and one run at a time."""

import datetime
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from google.api_core.exceptions import NotFound
from google.cloud.aiplatform_v1 import ScheduleServiceClient
from google.cloud.aiplatform_v1.types import (
    CreatePipelineJobRequest,
    ListSchedulesRequest,
    PipelineJob,
    Schedule,
)
from pydantic import BaseModel

from components.google_api import RetryPolicy, service_errors
from data.common.errors import ServiceError, UsageError
from data.common.formatting import format_list
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.jobs import ATTEMPT


@dataclass(frozen=True)
class SchedulePlan:
    """What a schedule is to do.

    Attributes:
      name: its display name; by it a schedule is replaced.
      cron: with a time zone, as `TZ=Europe/Paris 0 3 * * 1`.
      end: no run begins after it; None for no end.
      max_runs: how many there are at most; None for no limit.
    """

    name: str
    cron: str
    end: datetime.datetime | None = None
    max_runs: int | None = None


class ScheduleEntry(BaseModel):
    """A schedule, as `flowers vertex schedule list --json` prints it."""

    name: str
    resource: str
    state: str
    cron: str
    next_run: str | None
    started_runs: int

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Returns what is shown of a schedule."""
        return cls(
            name=schedule.display_name,
            resource=schedule.name,
            state=Schedule.State(schedule.state).name.lower(),
            cron=schedule.cron,
            next_run=schedule.next_run_time.isoformat() if schedule.next_run_time else None,
            started_runs=schedule.started_run_count,
        )

    def format_line(self) -> str:
        """Returns it as one line."""
        following = f"next {self.next_run}" if self.next_run else ""
        start = f"{self.name:<20} {self.state:<10} {self.cron:<30}"
        return f"{start} {self.started_runs} runs {following}".rstrip()


@dataclass(frozen=True)
class Schedules:
    """The schedules in a project and region; see `pipeline.vertex.jobs.Jobs`."""

    vertex: VertexSettings
    patience: RetryPolicy

    def create(self, plan: SchedulePlan, job: PipelineJob) -> tuple[Schedule, list[str]]:
        """Makes a schedule take the place of all others of its name.

        The others go only once the new one is active: at no moment is there none. One that is
        active and does the very same stays, and nothing is made.

        Returns:
          The schedule, and the names of those that went; no name and an old schedule where there
          was nothing to do.

        Raises:
          ServiceError: the service did not take it; what was there before stays.
        """
        others = self.find(plan.name)
        same = next((s for s in others if _does(s, plan, job)), None)
        made = same or self._create(plan, job)
        if made.state != Schedule.State.ACTIVE:
            raise ServiceError(
                f"the new schedule {made.name} is {made.state.name} and not active; the old ones "
                "were left: look at it in the console"
            )
        replaced = [schedule.name for schedule in others if schedule.name != made.name]
        for name in replaced:
            self._delete(name)
        return made, replaced

    def find(self, name: str | None = None) -> list[Schedule]:
        """Returns the schedules, or those of a display name, newest first."""
        request = ListSchedulesRequest(
            parent=self.vertex.where.parent, order_by="create_time desc",
            filter=f'display_name="{name}"' if name else "",
        )  # fmt: skip
        with service_errors("asking for schedules"):
            return list(self._client.list_schedules(request, **self.patience.options()))

    def pause(self, name: str) -> Schedule:
        """Lets no run begin until `resume`."""
        schedule = self._one(name)
        with service_errors("pausing the schedule"):
            self._client.pause_schedule(name=schedule.name, **self.patience.options())
        return schedule

    def resume(self, name: str) -> Schedule:
        """Lets runs begin again, without those that were missed."""
        schedule = self._one(name)
        with service_errors("resuming the schedule"):
            request = {"name": schedule.name, "catch_up": False}
            self._client.resume_schedule(request, **self.patience.options())
        return schedule

    def delete(self, name: str) -> list[str]:
        """Removes all schedules of a display name, and returns their names."""
        found = self.find(name)
        if not found:
            self._one(name)
        for schedule in found:
            self._delete(schedule.name)
        return [schedule.name for schedule in found]

    def _one(self, name: str) -> Schedule:
        found = self.find(name)
        if not found:
            known = format_list(sorted({s.display_name for s in self.find()})) or "none"
            raise UsageError(f"there is no schedule {name!r}; there are: {known}")
        return found[0]

    def _create(self, plan: SchedulePlan, job: PipelineJob) -> Schedule:
        attempt = uuid.uuid4().hex
        wanted = PipelineJob(job)
        wanted.labels[ATTEMPT] = attempt
        schedule = Schedule(
            display_name=plan.name,
            cron=plan.cron,
            end_time=plan.end,
            max_run_count=plan.max_runs or 0,
            max_concurrent_run_count=1,
            allow_queueing=False,
            create_pipeline_job_request=CreatePipelineJobRequest(
                parent=self.vertex.where.parent, pipeline_job=wanted
            ),
        )

        def found() -> Schedule | None:
            return next((s for s in self.find(plan.name) if _attempt(s) == attempt), None)

        with service_errors("creating the schedule"):
            return self.patience.until(
                lambda: self._client.create_schedule(
                    parent=self.vertex.where.parent, schedule=schedule, **self.patience.once()
                ),
                found,
            )

    def _delete(self, name: str) -> None:
        with service_errors("deleting a schedule"), suppress(NotFound):
            # Not found: an earlier try was carried out, and its answer lost.
            operation = self._client.delete_schedule(name=name, **self.patience.options())
            operation.result(timeout=self.patience.seconds)

    @property
    def _client(self) -> ScheduleServiceClient:
        return ScheduleServiceClient(client_options=self.vertex.where.options)


def _attempt(schedule: Schedule) -> str:
    return str(schedule.create_pipeline_job_request.pipeline_job.labels.get(ATTEMPT, ""))


def _does(schedule: Schedule, plan: SchedulePlan, job: PipelineJob) -> bool:
    """Whether a schedule is active and does what is planned, and nothing else."""
    there = PipelineJob(schedule.create_pipeline_job_request.pipeline_job)
    there.labels.pop(ATTEMPT, None)
    wanted = PipelineJob(job)
    for proto in (there, wanted):
        # The service may add what nobody asked for.
        proto.name = proto.display_name = ""
    return (
        schedule.state == Schedule.State.ACTIVE
        and schedule.cron == plan.cron
        and schedule.end_time == plan.end
        and schedule.max_run_count == (plan.max_runs or 0)
        and there == wanted
    )
