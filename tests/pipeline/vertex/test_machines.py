import pytest

from pipeline.vertex.machines import accelerators

T4 = "{machine_type: n1-standard-8, accelerator_type: NVIDIA_TESLA_T4, accelerator_count: 1}"
A100 = "{machine_type: a2-highgpu-1g, accelerator_type: NVIDIA_TESLA_A100, accelerator_count: 1}"
H100 = "{machine_type: a3-highgpu-2g, accelerator_type: NVIDIA_H100_80GB, accelerator_count: 2}"
V2 = "{machine_type: cloud-tpu, accelerator_type: TPU_V2, accelerator_count: 8}"


@pytest.mark.parametrize(
    ("config", "machine"),
    [
        ("vertex-tpu", V2),
        ("vertex-tpu", "{machine_type: ct5lp-hightpu-1t, tpu_topology: 1x1}"),
        ("vertex-tpu", "{machine_type: ct5lp-hightpu-4t, tpu_topology: 2x2}"),
        ("vertex-tpu", "{machine_type: ct5lp-hightpu-8t, tpu_topology: 2x4}"),
        ("vertex-gpu", T4),
        ("vertex-gpu", A100),
        ("vertex-gpu", H100),
    ],
)
def test_existing_machines_pass(find_problems, config, machine):
    assert find_problems(f"vertex.trainer={machine}", config=config) == []


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (
            "{machine_type: cloud-tpu, accelerator_type: TPU_V9}",
            "unknown accelerator 'TPU_V9'; Vertex AI has NVIDIA_",
        ),
        (
            "{machine_type: n1-standard-8, accelerator_type: TPU_V3}",
            "a TPU v2 or v3 needs machine_type cloud-tpu",
        ),
        (
            "{machine_type: cloud-tpu, accelerator_type: TPU_V3, accelerator_count: 4}",
            "accelerator_count of a TPU v2 or v3 must be 8, its number of cores, got 4",
        ),
        (
            "{machine_type: ct5lp-hightpu-4t, tpu_topology: 2x4}",
            "tpu_topology of ct5lp-hightpu-4t must be 2x2, got '2x4'",
        ),
        (
            "{machine_type: ct5lp-hightpu-3t, tpu_topology: 2x2}",
            "unknown TPU machine 'ct5lp-hightpu-3t'",
        ),
        (
            "{machine_type: g2-standard-8, accelerator_type: NVIDIA_L4, accelerator_count: 2}",
            "accelerator_count of g2-standard-8 must be 1, got 2",
        ),
        (
            T4.replace("n1-standard-8", "g2-standard-8"),
            "accelerator_type of g2-standard-8 must be NVIDIA_L4, got NVIDIA_TESLA_T4",
        ),
        (A100.replace("1g", "4g"), "accelerator_count of a2-highgpu-4g must be 4, got 1"),
        (
            T4.replace("n1-standard-8", "e2-standard-8"),
            "NVIDIA_TESLA_T4 requires one that starts with n1-, got e2-standard-8",
        ),
        (
            "{machine_type: n1-standard-8, accelerator_type: NVIDIA_L4, accelerator_count: 1}",
            "NVIDIA_L4 requires g2-standard-4, g2-standard-8",
        ),
        ("{machine_type: g2-standard-24}", "accelerator_type of g2-standard-24 must be NVIDIA_L4"),
        ("{machine_type: g2-standard-24}", "accelerator_count of g2-standard-24 must be 2, got 0"),
        (
            T4.replace("count: 1", "count: 3"),
            "accelerator_count of NVIDIA_TESLA_T4 must be one of 1, 2, 4, got 3",
        ),
        (
            "{machine_type: ct6e-standard-1t, tpu_topology: 1x1}",
            "ct6e-standard-1t has no TensorFlow on Vertex AI, like all TPUs since v6e; the newest "
            "TPU with it is v5e, with the machine types ct5lp-hightpu-1t",
        ),
        ("{machine_type: tpu7x-standard-4t}", "tpu7x-standard-4t has no TensorFlow"),
        (
            "{machine_type: n1-standard-8, accelerator_type: TPU_V5_LITEPOD, accelerator_count: 4}",
            "and a TPU v5e one of ct5lp-hightpu-1t",
        ),
        (T4.replace("count: 1", "count: 0"), "accelerator_count must be 1 or more"),
        ("{machine_type: huge}", "machine_type must be one such as n1-standard-8, got 'huge'"),
    ],
)
def test_a_machine_that_does_not_exist_is_reported(find_problems, machine, message):
    problems = find_problems(f"vertex.trainer={machine}")
    assert any(message in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.strategy=auto", "trainer.strategy is auto, but vertex.trainer is a tpu"),
        ("trainer.strategy=gpu", "trainer.strategy is gpu, but the Trainer runs on a tpu"),
        ("vertex.trainer=null", "trainer.strategy is tpu, but the Trainer runs on a cpu"),
    ],
)
def test_a_strategy_for_another_machine_is_reported(find_problems, override, message):
    problems = find_problems(override)
    assert any(message in problem for problem in problems), problems


def test_the_accelerators_are_those_of_the_client():
    assert {"TPU_V2", "TPU_V3", "NVIDIA_L4", "NVIDIA_TESLA_T4"} <= accelerators()
