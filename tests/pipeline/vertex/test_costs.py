import pytest

from pipeline.settings.loading import load_settings
from pipeline.settings.vertex import TrainerMachine
from pipeline.vertex.costs import format_costs, trainer_price


@pytest.mark.parametrize(
    ("machine", "price"),
    [
        # Vertex AI's list has 0.21849885, which includes its fee of 15 %.
        ({"machine_type": "n1-standard-4"}, 0.21849885 / 1.15),
        ({"machine_type": "cloud-tpu", "accelerator_type": "TPU_V3", "accelerator_count": 8}, 8.0),
        ({"machine_type": "ct5lp-hightpu-4t", "tpu_topology": "2x2"}, 4.8),
        (
            {"machine_type": "n1-standard-4", "accelerator_type": "NVIDIA_TESLA_T4",
             "accelerator_count": 2},
            0.21849885 / 1.15 + 0.7,
        ),
        ({"machine_type": "g2-standard-8", "accelerator_type": "NVIDIA_L4"}, None),
        ({"machine_type": "cloud-tpu", "accelerator_type": "TPU_V2"}, None),
    ],
)  # fmt: skip
def test_the_price_of_a_machine_is_its_list_price_or_none(machine, price):
    found = trainer_price(TrainerMachine(**machine))
    assert found == (None if price is None else pytest.approx(price, abs=1e-4))


def test_the_costs_name_machines_date_and_source():
    lines = format_costs(load_settings("vertex-tpu"))
    assert lines[0].startswith("10 steps, one by one")
    assert any("Trainer" in line and "$8.00 per hour" in line for line in lines)
    assert "November 2026" in lines[-2]
    assert "cloud.google.com" in lines[-1]


def test_the_costs_include_endpoint_and_dataflow():
    overrides = ["push.to=vertex-endpoint", "push.endpoint.min_replicas=2", "beam.runner=dataflow"]
    lines = format_costs(load_settings("vertex-tpu", overrides))
    assert any("24 hours a day" in line and "2 or more n1-standard-2" in line for line in lines)
    assert any("Dataflow" in line and "no known list price" in line for line in lines)
