"""What a job costs by list price, as far as one is known here.

Prices are Google's, in US dollars an hour, on demand, in us-central1, without what Vertex adds for
managing the machines: of an n1-standard-4 that is 15 % (0.2185 dollars on Vertex's price list, read
in October 2026, for 0.1900 on Compute Engine's). They were collected in November 2026 from public
copies of the price lists of Compute Engine and Cloud TPU. What is not there is not guessed.
"""

import re
from dataclasses import dataclass

from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TrainerMachine
from pipeline.steps import STEPS

AS_OF = "November 2026"
# Of a vCPU and of a GiB of memory.
_CORES = {"e2": (0.021811, 0.002923), "n1": (0.031611, 0.004237), "a2": (0.031611, 0.004237)}
# GiB of memory a vCPU.
_MEMORY = {"e2-standard": 4.0, "e2-highmem": 8.0, "n1-standard": 3.75, "n1-highmem": 6.5}
_ACCELERATORS = {
    "NVIDIA_TESLA_T4": 0.35,
    "NVIDIA_L4": 0.560040,
    "NVIDIA_TESLA_A100": 2.933908,
    "NVIDIA_A100_80GB": 3.928080,
    "NVIDIA_H100_80GB": 9.796551,
}
# Of a whole board of eight cores, and of a chip.
_TPU_V3, _V5E_CHIP = 8.0, 1.20
_RUN = 0.03
# What a step gets from Vertex that asks for nothing.
_DEFAULT = "e2-standard-4"


@dataclass(frozen=True)
class Line:
    """What runs where: the steps, their machine in words, and its price an hour, if it is known."""

    steps: str
    machine: str
    price: float | None

    def format(self) -> str:
        """Returns it as a line of a table."""
        price = "no list price known here" if self.price is None else f"${self.price:.2f} an hour"
        return f"{self.steps:<28} {self.machine:<44} {price}"


def costs_of(settings: Settings) -> list[Line]:
    """Returns what a job runs on, and what that costs while it runs."""
    vertex = settings.vertex
    lines = []
    own = {*vertex.resources, *(["Trainer"] if vertex.trainer else [])}
    others = len(STEPS) - len(own)
    lines.append(Line(f"{others} steps, one by one", _DEFAULT, _price(_DEFAULT)))
    for step, wanted in vertex.resources.items():
        vcpu, gib = _CORES["e2"]
        price = wanted.cpu * vcpu + wanted.memory_gb * gib
        lines.append(Line(step, f"at least {wanted.cpu} cores, {wanted.memory_gb} GB", price))
    if vertex.trainer:
        lines.append(Line("Trainer", _words(vertex.trainer), trainer_price(vertex.trainer)))
    if settings.push.to == "vertex-endpoint":
        kind, number = settings.push.endpoint.machine_type, settings.push.endpoint.min_replicas
        one = _price(kind)
        both = None if one is None else number * one
        lines.append(Line("the endpoint, day and night", f"{number} or more {kind}", both))
    if settings.beam.runner == "dataflow":
        workers = settings.beam.dataflow
        machine = f"up to {workers.max_workers} {workers.machine_type}"
        lines.append(Line("Beam's steps on Dataflow", machine, None))
    return lines


def format_costs(settings: Settings) -> list[str]:
    """Returns what will run where, and at what price, as lines."""
    return [
        *(line.format() for line in costs_of(settings)),
        f"and ${_RUN:.2f} a run. List prices of us-central1, {AS_OF}; Vertex adds about 15 %.",
        "What the cache answers costs nothing. https://cloud.google.com/vertex-ai/pricing",
    ]


def trainer_price(machine: TrainerMachine) -> float | None:
    """Returns the price of an hour of a custom job's machine; None where part of it is unknown."""
    kind, accelerator = machine.machine_type, machine.accelerator_type
    if kind == "cloud-tpu":
        return _TPU_V3 if accelerator == "TPU_V3" else None
    if chips := re.fullmatch(r"ct5lp-hightpu-(\d)t", kind):
        return int(chips[1]) * _V5E_CHIP
    cores = _price(kind)
    if not accelerator:
        return cores
    if cores is None or accelerator not in _ACCELERATORS:
        return None
    return cores + machine.accelerator_count * _ACCELERATORS[accelerator]


def _price(machine_type: str) -> float | None:
    """Returns the price of an hour of a machine's cores and memory, or None."""
    if a2 := re.fullmatch(r"a2-highgpu-(\d)g", machine_type):
        vcpu, gib = _CORES["a2"]
        return int(a2[1]) * (12 * vcpu + 85 * gib)
    shape = re.fullmatch(r"((\w+)-\w+)-(\d+)", machine_type)
    if not shape or shape[1] not in _MEMORY:
        return None
    vcpu, gib = _CORES[shape[2]]
    return int(shape[3]) * (vcpu + _MEMORY[shape[1]] * gib)


def _words(machine: TrainerMachine) -> str:
    parts = [machine.machine_type]
    if machine.accelerator_type:
        parts.append(f"{machine.accelerator_count} x {machine.accelerator_type}")
    if machine.tpu_topology:
        parts.append(machine.tpu_topology)
    return ", ".join(parts)
