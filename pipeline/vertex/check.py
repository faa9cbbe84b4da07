"""`flowers vertex check`: finds everything known to fail on Vertex AI, before any call."""

import re
from collections.abc import Iterator

from components.trainer.settings import COLD
from data.common.errors import UsageError
from data.sources import parse
from data.spans import LATEST, has_spans
from pipeline.settings.settings import Settings
from pipeline.settings.vertex import VertexSettings
from pipeline.steps import STEPS, TUNER
from pipeline.vertex.machines import check_machine, check_strategy
from pipeline.vertex.report_location import EXIT_HANDLER

# Vertex AI's rules for the ids of pipeline jobs (128 characters, some of them taken by a digest),
# for labels, and for service accounts.
_JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,99}")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
_ACCOUNT = re.compile(r"[^@\s]+@[^@\s]+\.gserviceaccount\.com")
_NETWORK = re.compile(r"projects/\d+/global/networks/[a-z][-a-z0-9]*")
_MODEL_ID = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_TOPIC = re.compile(r"projects/[a-z][-a-z0-9]*/topics/[A-Za-z][-\w.~+%]{2,254}")
# Registry and name, followed by a tag or a digest.
_IMAGE = re.compile(r"[\w.-]+(/[\w.-]+)+(:[\w.-]+|@sha256:[0-9a-f]{64})")


def find_vertex_problems(settings: Settings) -> list[str]:
    """Returns the known problems, one per line, each with the settings key to change."""
    vertex = settings.vertex
    return [
        *_check_paths(settings),
        *_check_warm_start(settings),
        *_check_names(settings),
        *_check_images(vertex),
        *_check_steps(vertex),
        *_check_data(settings),
        *_check_alerts(vertex),
        *_check_endpoint(settings),
        *(check_machine(vertex.trainer) if vertex.trainer else ()),
        *check_strategy(settings),
    ]


def _check_paths(settings: Settings) -> Iterator[str]:
    """Yields paths outside Cloud Storage: on Vertex AI, each step runs on another machine."""
    paths = {"vertex.root": settings.vertex.root, "data.source": settings.data.source}
    if settings.gate.extra_data:
        paths["gate.extra_data"] = settings.gate.extra_data
    if settings.model.weights_file:
        paths["model.weights"] = settings.model.weights_file
    for key, value in paths.items():
        public = key == "data.source" and value == "flowers-public"
        if not public and not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]+(/.*)?", value):
            yield f"{key} must be a gs:// path that Vertex can read, got {value!r}"


def _check_warm_start(settings: Settings) -> Iterator[str]:
    if settings.model.warm_start != COLD:
        yield (
            f"model.warm_start must be none on Vertex, got {settings.model.warm_start!r}: only a "
            "local run looks up the serving model; model.weights can name a file of weights"
        )


def _check_names(settings: Settings) -> Iterator[str]:
    vertex = settings.vertex
    account = "NAME@PROJECT.iam.gserviceaccount.com"
    rules: dict[str, tuple[str | None, re.Pattern[str], str]] = {
        "name": (settings.name, _JOB_ID, "lower-case letters, digits and hyphens, up to 100"),
        "vertex.project": (vertex.project, _PROJECT, "a project id of 6 to 30 characters"),
        "vertex.region": (vertex.region, _REGION, "a region such as us-central1"),
        "vertex.service_account": (vertex.service_account, _ACCOUNT, account),
        "vertex.network": (vertex.network, _NETWORK, "projects/NUMBER/global/networks/NAME"),
    }
    for key, (value, pattern, allowed) in rules.items():
        if value is not None and not pattern.fullmatch(value):
            yield f"{key} must be {allowed}, got {value!r}"
    for key, value in vertex.labels.items():
        if not key or not key[0].isalpha() or not all(map(_LABEL.fullmatch, (key, value))):
            yield (
                f"vertex.labels: {key}={value} must be lower-case letters, digits, _ and -, up to "
                "63, and the key must start with a letter"
            )


def _check_images(vertex: VertexSettings) -> Iterator[str]:
    of_steps = {f"vertex.images.{step}": image for step, image in vertex.images.items()}
    for key, image in {"vertex.image": vertex.image, **of_steps}.items():
        if not _IMAGE.fullmatch(image):
            yield (
                f"{key} must be an image with a tag or digest, such as "
                f"us-docker.pkg.dev/PROJECT/flowers/flowers:1.0, got {image!r}"
            )
        elif image.endswith(":latest"):
            yield f"{key}: the tag 'latest' can change at any time; use a version instead: {image}"


def _check_steps(vertex: VertexSettings) -> Iterator[str]:
    known = [*STEPS, TUNER, EXIT_HANDLER]
    for key, steps in (("images", vertex.images), ("resources", vertex.resources)):
        for step in steps:
            if step not in known:
                yield f"vertex.{key}: there is no step {step!r}; steps: {', '.join(known)}"
    if vertex.trainer and "Trainer" in vertex.resources:
        yield "vertex.resources.Trainer has no effect with vertex.trainer; remove one of them"


def _check_data(settings: Settings) -> Iterator[str]:
    """Yields what a local run finds out before it starts and a job cannot."""
    if not settings.data.classes:
        yield "data.classes must list the classes in the order of their ids: a job cannot read them"
    if settings.data.spans != LATEST:
        yield f"data.spans is {settings.data.spans!r}: on Vertex, TFX reads only the latest span"
    if settings.data.drift == "stop":
        yield "data.drift is 'stop', but a job has no previous span to compare with"
    if has_spans(settings.gate.extra_data or ""):
        yield f"gate.extra_data must name no spans on Vertex, got {settings.gate.extra_data!r}"
    try:
        pattern = parse(settings.data.source, settings.data.public_size).patterns[0]
    except UsageError as error:
        yield f"data.source: {error}"
        return
    last = pattern.rpartition("/")[2]
    if last.endswith("}"):
        yield f"data.source: {last} may be a folder, which a job cannot check; give {last}/*"


def _check_alerts(vertex: VertexSettings) -> Iterator[str]:
    webhook, topic = vertex.alerts.webhook, vertex.alerts.topic
    if webhook is not None and not re.fullmatch(r"https://[^/\s]+(/\S*)?", webhook):
        yield "vertex.alerts.webhook must be an https:// URL"
    if topic is not None and not _TOPIC.fullmatch(topic):
        yield f"vertex.alerts.topic must be projects/PROJECT/topics/NAME, got {topic!r}"


def _check_endpoint(settings: Settings) -> Iterator[str]:
    endpoint = settings.push.endpoint
    name = endpoint.name or settings.name
    if settings.push.to == "vertex-endpoint" and not _MODEL_ID.fullmatch(name):
        allowed = "lower-case letters, digits, _, -, up to 63"
        yield f"push.endpoint.name (null: name) must be {allowed}, got {name!r}"
    low, high = endpoint.min_replicas, endpoint.max_replicas
    if high < low:
        yield f"push.endpoint.max_replicas is {high}, less than min_replicas, {low}"
