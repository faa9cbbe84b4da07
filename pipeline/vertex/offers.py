"""What Google offers on Vertex AI: regions, machines and images, from the dated `offers.yaml`."""

import datetime
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

OFFERS_FILE = "pipeline/vertex/offers.yaml"


class ServingImage(BaseModel):
    """The newest of Google's images that serve TensorFlow, and its dates."""

    tensorflow: str
    patched_until: datetime.date
    available_until: datetime.date


class Offers(BaseModel):
    """The content of `offers.yaml`, which says what each part is and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: datetime.date
    regions: frozenset[str]
    gpu_machines: dict[str, tuple[str, int]]
    n1_gpus: dict[str, dict[int, int]]
    cpu_machines: frozenset[str]
    v5e_machines: dict[str, str]
    tpu_regions: dict[str, list[str]]
    tpus_without_tensorflow: tuple[str, ...]
    serving_image: ServingImage

    def machines_with(self, accelerator: str) -> list[str]:
        """Returns the machine types that have an accelerator of their own."""
        return [name for name, (kind, _) in self.gpu_machines.items() if kind == accelerator]


@cache
def load_offers() -> Offers:
    """Returns the offers."""
    file = resources.files("pipeline").joinpath("vertex", "offers.yaml")
    return Offers.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
