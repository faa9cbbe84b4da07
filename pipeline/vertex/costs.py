"""The cost of a job by list price, for the machines with a known price.

Prices are Google's on-demand prices in US dollars per hour, in us-central1, without Vertex AI's
management fee: about 15 % for an n1-standard-4 (0.2185 dollars on Vertex AI's price list, read in
October 2026, for 0.1900 on Compute Engine's). They were collected in November 2026 from public
copies of the price lists of Compute Engine and Cloud TPU. Missing prices are not estimated.
"""

import re
from collections.abc import Iterator

from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TrainerMachine
from pipeline.steps import STEPS
from pipeline.vertex.report_location import EXIT_HANDLER

AS_OF = "November 2026"
# Prices of a vCPU and of a GiB of memory, by machine family.
_CORES = {"e2": (0.021811, 0.002923), "n1": (0.031611, 0.004237), "a2": (0.031611, 0.004237)}
# GiB of memory per vCPU.
_MEMORY = {"e2-standard": 4.0, "e2-highmem": 8.0, "n1-standard": 3.75, "n1-highmem": 6.5}
_ACCELERATORS = {
    "NVIDIA_TESLA_T4": 0.35,
    "NVIDIA_L4": 0.560040,
    "NVIDIA_TESLA_A100": 2.933908,
    "NVIDIA_A100_80GB": 3.928080,
    "NVIDIA_H100_80GB": 9.796551,
}
# A TPU v3 board of eight cores, and a TPU v5e chip.
_TPU_V3, _V5E_CHIP = 8.0, 1.20
_RUN = 0.03
# The machine of a step without `vertex.resources`.
_DEFAULT = "e2-standard-4"


def format_costs(settings: Settings) -> list[str]:
    """Returns lines with the machines of a job and their prices."""
    return [
        *(_format_row(*row) for row in _costs(settings)),
        f"plus ${_RUN:.2f} per run. List prices of us-central1, {AS_OF}; Vertex adds about 15 %.",
        "Cached steps cost nothing. https://cloud.google.com/vertex-ai/pricing",
    ]


def _format_row(steps: str, machine: str, price: float | None) -> str:
    cost = "no known list price" if price is None else f"${price:.2f} per hour"
    return f"{steps:<28} {machine:<44} {cost}"


def _costs(settings: Settings) -> Iterator[tuple[str, str, float | None]]:
    """Yields steps, the machine that they run on, and its price in dollars per hour, if known."""
    vertex = settings.vertex
    special = {*vertex.resources, *(["Trainer"] if vertex.trainer else [])}
    others = len([*STEPS, EXIT_HANDLER]) - len(special)
    yield f"{others} steps, one by one", _DEFAULT, _price(_DEFAULT)
    for step, resources in vertex.resources.items():
        vcpu, gib = _CORES["e2"]
        machine = f"at least {resources.cpu} cores, {resources.memory_gb} GB"
        yield step, machine, resources.cpu * vcpu + resources.memory_gb * gib
    if vertex.trainer:
        yield "Trainer", _format_machine(vertex.trainer), trainer_price(vertex.trainer)
    if settings.push.to == "vertex-endpoint":
        machine, replicas = settings.push.endpoint.machine_type, settings.push.endpoint.min_replicas
        price = _price(machine)
        total = None if price is None else replicas * price
        yield "endpoint, 24 hours a day", f"{replicas} or more {machine}", total
    if settings.beam.runner == "dataflow":
        workers = settings.beam.dataflow
        machine = f"up to {workers.max_workers} {workers.machine_type}"
        yield "Beam steps on Dataflow", machine, None


def trainer_price(machine: TrainerMachine) -> float | None:
    """Returns the hourly price of a custom job's machine; None if a part of it is not known."""
    machine_type, accelerator = machine.machine_type, machine.accelerator_type
    if machine_type == "cloud-tpu":
        return _TPU_V3 if accelerator == "TPU_V3" else None
    if chips := re.fullmatch(r"ct5lp-hightpu-(\d)t", machine_type):
        return int(chips[1]) * _V5E_CHIP
    cores = _price(machine_type)
    if not accelerator:
        return cores
    if cores is None or accelerator not in _ACCELERATORS:
        return None
    return cores + machine.accelerator_count * _ACCELERATORS[accelerator]


def _price(machine_type: str) -> float | None:
    """Returns the hourly price of a machine's cores and memory; None if it is not known."""
    if a2 := re.fullmatch(r"a2-highgpu-(\d)g", machine_type):
        vcpu, gib = _CORES["a2"]
        return int(a2[1]) * (12 * vcpu + 85 * gib)
    shape = re.fullmatch(r"((\w+)-\w+)-(\d+)", machine_type)
    if not shape or shape[1] not in _MEMORY:
        return None
    vcpu, gib = _CORES[shape[2]]
    return int(shape[3]) * (vcpu + _MEMORY[shape[1]] * gib)


def _format_machine(machine: TrainerMachine) -> str:
    kind, count = machine.accelerator_type, machine.accelerator_count
    parts = (machine.machine_type, f"{count} x {kind}" if kind else "", machine.tpu_topology)
    return ", ".join(filter(None, parts))
