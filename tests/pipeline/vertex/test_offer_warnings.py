import datetime

import pytest

from pipeline.settings.loading import load_settings
from pipeline.vertex.machines import accelerators
from pipeline.vertex.offer_warnings import find_vertex_warnings
from pipeline.vertex.offers import load_offers

GPU = "{{machine_type: {}, accelerator_type: {}, accelerator_count: {}}}"
TO_ENDPOINT = "push.to=vertex-endpoint"
IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu"


@pytest.mark.parametrize("config", ["vertex-sample", "vertex-tpu", "vertex-gpu"])
def test_the_shipped_configs_have_no_warnings(config):
    assert find_vertex_warnings(load_settings(config)) == []


@pytest.mark.parametrize(
    ("overrides", "warning"),
    [
        (["vertex.region=us-north1"], "vertex.region: us-north1 is not among those of 20"),
        (
            ["vertex.trainer={machine_type: n9-standard-8}"],
            "vertex.trainer.machine_type: n9-standard-8 is not among those of 20",
        ),
        (
            [TO_ENDPOINT, "push.endpoint.machine_type=z3-highmem-88"],
            "push.endpoint.machine_type: z3-highmem-88 is not among",
        ),
        (
            ["vertex.region=asia-south1"],
            "vertex.region: asia-south1 may have no TPU v3; known regions: us-central1",
        ),
        (
            [
                "vertex.region=us-east1",
                "vertex.trainer={machine_type: ct5lp-hightpu-1t, tpu_topology: 1x1}",
            ],
            "vertex.region: us-east1 may have no TPU v5e; known regions: us-central1",
        ),
        (
            [f"vertex.trainer={GPU.format('n1-standard-16', 'NVIDIA_TESLA_V100', 1)}"],
            "may have too many vCPUs for 1 x NVIDIA_TESLA_V100, which takes up to 12",
        ),
        ([TO_ENDPOINT], "TensorFlow 2.15, the newest, until 2026-07-14 and removes it after 2027"),
        (
            [TO_ENDPOINT, f"push.endpoint.image={IMAGE}.2-16:latest"],
            "is for TensorFlow 2.15; whether the one for 2.16 serves models of 2.16.2 is not known",
        ),
        (
            [
                TO_ENDPOINT,
                f"push.endpoint.image={IMAGE}.2-16:latest",
                f"vertex.trainer={GPU.format('g2-standard-8', 'NVIDIA_L4', 1)}",
            ],
            "whether the one for 2.16 serves models of 2.21.0 is not known",
        ),
    ],
)
def test_what_is_not_known_is_a_warning_and_no_problem(find_problems, overrides, warning):
    warnings = find_vertex_warnings(load_settings("vertex-tpu", overrides))
    assert any(warning in line for line in warnings), warnings
    strategies = ("trainer.strategy", "name")
    assert [p for p in find_problems(*overrides) if not p.startswith(strategies)] == []


def test_an_image_of_ones_own_has_no_warning():
    overrides = [TO_ENDPOINT, "push.endpoint.image=us-docker.pkg.dev/p/flowers/serving:1.0"]
    assert find_vertex_warnings(load_settings("vertex-tpu", overrides)) == []


def test_the_accelerators_of_the_file_are_those_of_the_client():
    offers = load_offers()
    assert {kind for kind, _ in offers.gpu_machines.values()} | set(
        offers.n1_gpus
    ) <= accelerators()


def test_the_file_has_a_date():
    assert load_offers().as_of > datetime.date(2026, 11, 1)
