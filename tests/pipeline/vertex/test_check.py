import pytest

from pipeline.settings.loading import load_settings
from pipeline.vertex.check import accelerators, find_vertex_problems

GOOD = [
    "vertex.project=my-project",
    "vertex.root=gs://my-bucket/flowers",
    "vertex.image=us-docker.pkg.dev/my-project/flowers/flowers:1.0",
]
T4 = "{machine_type: n1-standard-8, accelerator_type: NVIDIA_TESLA_T4, accelerator_count: 1}"
A100 = "{machine_type: a2-highgpu-1g, accelerator_type: NVIDIA_TESLA_A100, accelerator_count: 1}"
V2 = "{machine_type: cloud-tpu, accelerator_type: TPU_V2, accelerator_count: 8}"


def problems(*overrides: str, config: str = "vertex-tpu") -> list[str]:
    return find_vertex_problems(load_settings(config, [*GOOD, *overrides]))


@pytest.mark.parametrize("config", ["vertex-tpu", "vertex-gpu"])
def test_what_ships_passes_once_project_root_and_image_are_named(config):
    assert problems(config=config) == []
    missing = find_vertex_problems(load_settings(config))
    keys = ["vertex.root", "vertex.project", "vertex.image"]
    assert [problem.split(" ")[0] for problem in missing] == keys


@pytest.mark.parametrize(
    ("config", "machine"),
    [
        ("vertex-tpu", V2),
        ("vertex-tpu", "{machine_type: ct5lp-hightpu-1t, tpu_topology: 1x1}"),
        ("vertex-tpu", "{machine_type: ct5lp-hightpu-4t, tpu_topology: 2x2}"),
        ("vertex-tpu", "{machine_type: ct5lp-hightpu-8t, tpu_topology: 2x4}"),
        ("vertex-gpu", T4),
        ("vertex-gpu", A100),
    ],
)
def test_machines_that_there_are_pass(config, machine):
    assert problems(f"vertex.trainer={machine}", config=config) == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("vertex.root=/local/path", "vertex.root must be a gs:// path"),
        ("vertex.root=gs://", "vertex.root must be a gs:// path"),
        ("data.source=sample", "data.source must be a gs:// path"),
        ("model.weights=weights.h5", "model.weights must be a gs:// path"),
        ("vertex.project=Ab", "vertex.project must be a project id"),
        ("vertex.region=europe", "vertex.region must be a region"),
        ("vertex.service_account=me", "vertex.service_account must be NAME@"),
        ("vertex.network=default", "vertex.network must be projects/NUMBER"),
        ("vertex.labels={Team: x}", "vertex.labels: Team=x must be lower-case"),
        ("vertex.labels={1team: x}", "vertex.labels: 1team=x must be"),
        ("vertex.image=flowers", "vertex.image must be an image with a tag or digest"),
        ("vertex.image=gcr.io/p/flowers", "vertex.image must be an image with a tag or digest"),
        ("vertex.image=gcr.io/p/flowers:latest", "the tag 'latest' may be another image"),
        ("vertex.images={Trainer: gcr.io/p/x}", "vertex.images.Trainer must be an image"),
        ("vertex.images={Train: gcr.io/p/x:1}", "vertex.images: there is no step 'Train'"),
        ("vertex.resources={Trainer: {cpu: 2}}", "vertex.resources.Trainer has no effect"),
        ("vertex.alerts.webhook=http://chat.example/x", "vertex.alerts.webhook must be an https"),
        ("push={to: vertex-endpoint, endpoint: {name: a/b}}", "push.endpoint.name (null: name)"),
        ("push.endpoint={min_replicas: 3}", "push.endpoint.max_replicas is 1, fewer than"),
        (
            "vertex.trainer={machine_type: g2-standard-8, accelerator_type: NVIDIA_L4, "
            "accelerator_count: 2}",
            "accelerator_count of g2-standard-8 is 1, got 2",
        ),
        ("vertex.alerts.topic=alerts", "vertex.alerts.topic must be projects/PROJECT/topics"),
        ("data.classes=null", "data.classes must name the classes"),
        ("data.spans=last 4", "data.spans is 'last 4'"),
        ("data.drift=stop", "data.drift is 'stop'"),
        ("model.warm_start=serving", "model.warm_start must be none on Vertex"),
        ("data.source=gs://b/week-{SPAN}", "week-{SPAN} may be a folder"),
        ("data.source=gs://b/{YYYY}/*", "must name a span by {SPAN}, or by all of {YYYY}"),
        ("data.source=gs://b/**", "'**' is not supported"),
        ("trainer.strategy=auto", "trainer.strategy is auto, and vertex.trainer is a tpu"),
        ("trainer.strategy=gpu", "trainer.strategy is gpu, and the machine"),
        ("vertex.trainer=null", "trainer.strategy is tpu, and the machine of vertex.trainer has a"),
        (
            "vertex.trainer={machine_type: cloud-tpu, accelerator_type: TPU_V9}",
            "Vertex knows no 'TPU_V9'; it knows NVIDIA_",
        ),
        (
            "vertex.trainer={machine_type: n1-standard-8, accelerator_type: TPU_V3}",
            "a TPU v2 or v3 is machine_type cloud-tpu",
        ),
        (
            "vertex.trainer={machine_type: cloud-tpu, accelerator_type: TPU_V3, "
            "accelerator_count: 4}",
            "accelerator_count of one TPU is 8, its cores, got 4",
        ),
        (
            "vertex.trainer={machine_type: ct5lp-hightpu-4t, tpu_topology: 2x4}",
            "tpu_topology of ct5lp-hightpu-4t is 2x2, got '2x4'",
        ),
        (
            "vertex.trainer={machine_type: ct5lp-hightpu-3t, tpu_topology: 2x2}",
            "no TPU machine 'ct5lp-hightpu-3t'",
        ),
    ],
)
def test_what_would_fail_is_named_with_its_key(override, message):
    found = problems(override)
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (T4.replace("n1-standard-8", "g2-standard-8"), "NVIDIA_TESLA_T4 is on machines n1-..."),
        (A100.replace("1g", "4g"), "accelerator_count of a2-highgpu-4g is 4, got 1"),
        (T4.replace("count: 1", "count: 0"), "accelerator_count must be 1 or more"),
        ("{machine_type: huge}", "'huge' is no machine such as n1-standard-8"),
    ],
)
def test_gpus_must_fit_their_machine(machine, message):
    found = problems(f"vertex.trainer={machine}", config="vertex-gpu")
    assert any(message in problem for problem in found), found


def test_everything_is_found_at_once():
    assert len(problems("vertex.root=x", "data.classes=null", "vertex.image=x")) == 3


def test_the_accelerators_are_those_of_the_client():
    assert {"TPU_V2", "TPU_V3", "NVIDIA_L4", "NVIDIA_TESLA_T4"} <= accelerators()
