"""`flowers vertex check`: all that would fail on Vertex, found at once and before any call."""

import re
import warnings
from collections.abc import Iterator

from components.trainer.settings import COLD
from data.common.errors import UsageError
from data.sources import parse
from data.spans import LATEST
from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TrainerMachine, VertexSettings
from pipeline.steps import STEPS

# Vertex's own rules: for the ids of pipeline jobs (128 characters, of which a digest takes some),
# for labels, and for service accounts.
_JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,99}")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
_ACCOUNT = re.compile(r"[^@\s]+@[^@\s]+\.gserviceaccount\.com")
_NETWORK = re.compile(r"projects/\d+/global/networks/[a-z][-a-z0-9]*")
_MODEL_ID = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_TOPIC = re.compile(r"projects/[a-z][-a-z0-9]*/topics/[A-Za-z][-\w.~+%]{2,254}")
# registry/name, and then a tag or a digest.
_IMAGE = re.compile(r"[\w.-]+(/[\w.-]+)+(:[\w.-]+|@sha256:[0-9a-f]{64})")
# Of each TPU v5e machine: the chips of its topology (Vertex AI, "Training with TPU accelerators").
_V5E = {"ct5lp-hightpu-1t": "1x1", "ct5lp-hightpu-4t": "2x2", "ct5lp-hightpu-8t": "2x4"}
_TPU_V2_V3 = ("TPU_V2", "TPU_V3")
_TPU_CORES = 8
# Families of machines that take each kind of GPU; those of A2 and G2 have a fixed number of them.
_GPU_MACHINES = {
    "NVIDIA_TESLA_T4": ("n1-",),
    "NVIDIA_TESLA_V100": ("n1-",),
    "NVIDIA_TESLA_P100": ("n1-",),
    "NVIDIA_TESLA_P4": ("n1-",),
    "NVIDIA_L4": ("g2-",),
    "NVIDIA_TESLA_A100": ("a2-highgpu-", "a2-megagpu-"),
    "NVIDIA_A100_80GB": ("a2-ultragpu-",),
    "NVIDIA_H100_80GB": ("a3-",),
}
_A2_COUNT = re.compile(r"a2-\w+gpu-(\d+)g")
# Of each G2 machine with more than one L4, or with one.
_G2_COUNT = {"24": 2, "48": 4, "96": 8}


def find_vertex_problems(settings: Settings) -> list[str]:
    """Returns what would fail, one thing a line, with the key to change; empty if nothing is known.

    Args:
      settings: see `pipeline.settings.loading`.
    """
    vertex = settings.vertex
    return [
        *_places(settings),
        *_start(settings),
        *_names(settings),
        *_images(vertex),
        *_steps(vertex),
        *_data(settings),
        *_alerts(vertex),
        *_endpoint(settings),
        *(_machine(vertex.trainer) if vertex.trainer else ()),
        *_strategy(settings),
    ]


def _places(settings: Settings) -> Iterator[str]:
    """Yields what is no gs:// path: on Vertex each step is a machine of its own."""
    places = {"vertex.root": settings.vertex.root, "data.source": settings.data.source}
    if settings.model.weights_file:
        places["model.weights"] = settings.model.weights_file
    for key, value in places.items():
        public = key == "data.source" and value == "flowers-public"
        if not public and not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]+(/.*)?", value):
            yield f"{key} must be a gs:// path that Vertex can read, got {value!r}"


def _start(settings: Settings) -> Iterator[str]:
    if settings.model.warm_start != COLD:
        yield (
            f"model.warm_start must be none on Vertex, got {settings.model.warm_start!r}: only a "
            "run on one's own machine looks at what serves; model.weights may name a file"
        )


def _names(settings: Settings) -> Iterator[str]:
    vertex = settings.vertex
    rules = {
        "name": (settings.name, _JOB_ID, "lower-case letters, digits and hyphens, up to 100"),
        "vertex.project": (vertex.project, _PROJECT, "a project id of 6 to 30 characters"),
        "vertex.region": (vertex.region, _REGION, "a region such as us-central1"),
    }
    if vertex.service_account is not None:
        rule = (vertex.service_account, _ACCOUNT, "NAME@PROJECT.iam.gserviceaccount.com")
        rules["vertex.service_account"] = rule
    if vertex.network is not None:
        rule = (vertex.network, _NETWORK, "projects/NUMBER/global/networks/NAME")
        rules["vertex.network"] = rule
    for key, (value, pattern, allowed) in rules.items():
        if not pattern.fullmatch(value):
            yield f"{key} must be {allowed}, got {value!r}"
    for key, value in vertex.labels.items():
        if not key or not key[0].isalpha() or not all(map(_LABEL.fullmatch, (key, value))):
            yield (
                f"vertex.labels: {key}={value} must be lower-case letters, digits, _ and -, up to "
                "63, and the key begin with a letter"
            )


def _images(vertex: VertexSettings) -> Iterator[str]:
    images = {"vertex.image": vertex.image}
    images.update({f"vertex.images.{step}": image for step, image in vertex.images.items()})
    for key, image in images.items():
        if not _IMAGE.fullmatch(image):
            yield (
                f"{key} must be an image with a tag or digest, such as "
                f"us-docker.pkg.dev/PROJECT/flowers/flowers:1.0, got {image!r}"
            )
        elif image.endswith(":latest"):
            yield f"{key}: the tag 'latest' may be another image tomorrow; name a version: {image}"


def _steps(vertex: VertexSettings) -> Iterator[str]:
    for key, steps in (("images", vertex.images), ("resources", vertex.resources)):
        for step in steps:
            if step not in STEPS:
                yield f"vertex.{key}: there is no step {step!r}; steps: {', '.join(STEPS)}"
    if vertex.trainer and "Trainer" in vertex.resources:
        yield "vertex.resources.Trainer has no effect beside vertex.trainer; remove one of them"


def _data(settings: Settings) -> Iterator[str]:
    """Yields what a run here finds out beforehand, and a job can't."""
    if not settings.data.classes:
        yield "data.classes must name the classes, in the order of their ids: a job can't ask"
    if settings.data.spans != LATEST:
        yield (
            f"data.spans is {settings.data.spans!r}: TFX's driver on Vertex reads the latest span "
            "alone"
        )
    if settings.data.drift == "stop":
        yield "data.drift is 'stop', and a job knows no span before its own to compare with"
    try:
        pattern = parse(settings.data.source, settings.data.public_size).patterns[0]
    except UsageError as error:
        yield f"data.source: {error}"
        return
    last = pattern.rpartition("/")[2]
    if last.endswith("}"):
        yield (
            f"data.source: {last} may be a folder, which a job can't look up; name its files too, "
            f"as {last}/*"
        )


def _alerts(vertex: VertexSettings) -> Iterator[str]:
    webhook, topic = vertex.alerts.webhook, vertex.alerts.topic
    if webhook is not None and not re.fullmatch(r"https://[^/\s]+(/\S*)?", webhook):
        yield "vertex.alerts.webhook must be an https:// URL"
    if topic is not None and not _TOPIC.fullmatch(topic):
        yield f"vertex.alerts.topic must be projects/PROJECT/topics/NAME, got {topic!r}"


def _endpoint(settings: Settings) -> Iterator[str]:
    endpoint = settings.push.endpoint
    if settings.push.to == "vertex-endpoint" and not _MODEL_ID.fullmatch(
        endpoint.name or settings.name
    ):
        yield (
            "push.endpoint.name (null: name) must be lower-case letters, digits, _, -, up to 63, "
            f"got {endpoint.name or settings.name!r}"
        )
    if endpoint.max_replicas < endpoint.min_replicas:
        yield (
            f"push.endpoint.max_replicas is {endpoint.max_replicas}, fewer than min_replicas, "
            f"{endpoint.min_replicas}"
        )


def _machine(machine: TrainerMachine) -> Iterator[str]:
    kind, accelerator = machine.machine_type, machine.accelerator_type
    if accelerator is not None and accelerator not in accelerators():
        yield (
            f"vertex.trainer.accelerator_type: Vertex knows no {accelerator!r}; it knows "
            f"{', '.join(sorted(accelerators()))}"
        )
    elif kind in _V5E:
        yield from _v5e(machine)
    elif kind == "cloud-tpu" or accelerator in _TPU_V2_V3:
        yield from _v2_v3(machine)
    elif kind.startswith("ct"):
        yield f"vertex.trainer.machine_type: no TPU machine {kind!r}; there are {', '.join(_V5E)}"
    elif machine.tpu_topology:
        yield f"vertex.trainer.tpu_topology is for {', '.join(_V5E)}, and the machine is {kind}"
    elif accelerator:
        yield from _gpu(machine)
    elif machine.accelerator_count:
        yield "vertex.trainer.accelerator_count needs vertex.trainer.accelerator_type"
    elif not re.fullmatch(r"[a-z]+\d[a-z]?-[a-z]+(-\d+)?", kind):
        yield f"vertex.trainer.machine_type: {kind!r} is no machine such as n1-standard-8"


def _v5e(machine: TrainerMachine) -> Iterator[str]:
    fits = _V5E[machine.machine_type]
    if machine.tpu_topology != fits:
        yield (
            f"vertex.trainer.tpu_topology of {machine.machine_type} is {fits}, "
            f"got {machine.tpu_topology!r}"
        )
    if machine.accelerator_type or machine.accelerator_count:
        yield f"vertex.trainer: {machine.machine_type} takes no accelerator_type or count"


def _v2_v3(machine: TrainerMachine) -> Iterator[str]:
    given = (machine.machine_type, machine.accelerator_type, machine.accelerator_count)
    if machine.machine_type != "cloud-tpu" or machine.accelerator_type not in _TPU_V2_V3:
        yield (
            "vertex.trainer: a TPU v2 or v3 is machine_type cloud-tpu with accelerator_type TPU_V2 "
            f"or TPU_V3, got {given[0]} with {given[1]}"
        )
    elif machine.accelerator_count != _TPU_CORES:
        yield (
            f"vertex.trainer.accelerator_count of one TPU is {_TPU_CORES}, its cores, "
            f"got {given[2]}"
        )
    if machine.tpu_topology:
        yield "vertex.trainer.tpu_topology is for a v5e alone; remove it"


def _gpu(machine: TrainerMachine) -> Iterator[str]:
    kind, accelerator = machine.machine_type, str(machine.accelerator_type)
    families = _GPU_MACHINES.get(accelerator)
    if families and not kind.startswith(families):
        yield (
            f"vertex.trainer: {accelerator} is on machines {' or '.join(families)}..., and "
            f"machine_type is {kind}"
        )
    if machine.accelerator_count < 1:
        yield "vertex.trainer.accelerator_count must be 1 or more"
    a2, g2 = _A2_COUNT.fullmatch(kind), re.fullmatch(r"g2-standard-(\d+)", kind)
    fixed = int(a2[1]) if a2 else _G2_COUNT.get(g2[1], 1) if g2 else None
    if fixed is not None and fixed != machine.accelerator_count:
        yield (
            f"vertex.trainer.accelerator_count of {kind} is {fixed}, "
            f"got {machine.accelerator_count}"
        )


def _strategy(settings: Settings) -> Iterator[str]:
    """Yields where the strategy is another one than the machine's."""
    machine, strategy = settings.vertex.trainer, settings.trainer.strategy
    has = "cpu"
    if machine and (machine.machine_type in _V5E or machine.machine_type == "cloud-tpu"):
        has = "tpu"
    elif machine and machine.accelerator_type:
        has = "gpu"
    if strategy in ("tpu", "gpu") and strategy != has:
        yield f"trainer.strategy is {strategy}, and the machine of vertex.trainer has a {has}"
    if has != "cpu" and strategy != has:
        yield (
            f"trainer.strategy is {strategy}, and vertex.trainer is a {has}: name it, so that a "
            "training on anything else is an error"
        )


def accelerators() -> set[str]:
    """Returns the accelerators that Vertex's client knows."""
    with warnings.catch_warnings():
        # Of Google's libraries, on the age of this Python.
        warnings.simplefilter("ignore", FutureWarning)
        from google.cloud.aiplatform_v1.types import AcceleratorType
    return {kind.name for kind in AcceleratorType} - {"ACCELERATOR_TYPE_UNSPECIFIED"}
