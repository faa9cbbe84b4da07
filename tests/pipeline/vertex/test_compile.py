import json
import re
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from google.cloud.aiplatform_v1.types import CustomJobSpec

from pipeline.settings.loading import load_settings
from pipeline.steps import STEPS
from pipeline.vertex.compile import as_text, compile_job
from pipeline.vertex.trainer import job_spec

GOLDEN = Path(__file__).parent / "golden.json"
BASE = [
    "vertex.project=my-project",
    "vertex.root=gs://my-bucket/flowers",
    "vertex.image=us-docker.pkg.dev/my-project/flowers/flowers:1.0",
]
TPU_IMAGE = "us-docker.pkg.dev/my-project/flowers/flowers-tpu:1.0"
V3 = "{machine_type: cloud-tpu, accelerator_type: TPU_V3, accelerator_count: 8}"
V5E = "{machine_type: ct5lp-hightpu-4t, tpu_topology: 2x2}"
L4 = "{machine_type: g2-standard-8, accelerator_type: NVIDIA_L4, accelerator_count: 1}"


def settings(*overrides, config="vertex-tpu"):
    return load_settings(config, [*BASE, *overrides])


@pytest.fixture(scope="module")
def job():
    return compile_job(settings(f"vertex.images={{Trainer: '{TPU_IMAGE}'}}"))


def executor(job, step):
    return job["pipelineSpec"]["deploymentSpec"]["executors"][f"{step}_executor"]["container"]


def steps(job):
    """The tasks inside of the DAG for which the exit handler waits."""
    return job["pipelineSpec"]["components"]["tfx-dag"]["dag"]["tasks"]


def parameters(job, step):
    return steps(job)[step]["inputs"]["parameters"]


def without_line(text: str) -> str:
    """Returns a job without what depends on the line of TFX that compiled it."""
    versions = r'"(sdkVersion|tfx_version|tfx_py_version)": "[^"]+"'
    text = re.sub(versions, r'"\1": "VERSION"', text)
    return text.replace('\\"_slice_sqls\\": null, ', "")


def test_the_job_equals_the_golden_one(job, request):
    """Fingerprints of code are ignored. --update-golden rewrites the file; review its diff."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "FINGERPRINT", without_line(as_text(job)))
    if request.config.getoption("update_golden"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_two_compiles_give_the_same_bytes(job):
    again = compile_job(settings(f"vertex.images={{Trainer: '{TPU_IMAGE}'}}"))
    assert as_text(again) == as_text(job)


def test_the_job_has_all_steps_and_neither_local_paths_nor_wheels(job):
    assert steps(job).keys() == STEPS.keys()
    assert job["pipelineSpec"]["schemaVersion"] == "2.1.0"
    text = as_text(job)
    assert ".whl" not in text
    for path in (str(Path.cwd()), str(Path.home()), "/tmp"):
        assert path not in text


def test_the_runtime_parameters_are_declared_set_and_used(job):
    values = job["runtimeConfig"]["parameterValues"]
    declared = job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
    assert values.keys() == declared.keys() == {"data_root", "target", "train_args"}
    assert values["data_root"] == "gs://flowers-public/tfrecords-jpeg-331x331-2"
    assert values["target"] == 0.9
    assert json.loads(values["train_args"]) == {"splits": ["train"]}
    used = set()
    for step in STEPS:
        for source in steps(job)[step]["inputs"].get("parameters", {}).values():
            used |= {source.get("componentInputParameter")} - {None}
    assert used == values.keys()


def test_the_runtime_parameters_reach_the_steps_inside_of_their_dag(job):
    """A task reads inputs of the DAG that it belongs to, not those of the whole job."""
    spec = job["pipelineSpec"]
    assert spec["components"]["tfx-dag"]["inputDefinitions"] == spec["root"]["inputDefinitions"]
    passed = spec["root"]["dag"]["tasks"]["tfx-dag"]["inputs"]["parameters"]
    assert passed == {
        name: {"componentInputParameter": name} for name in job["runtimeConfig"]["parameterValues"]
    }


def test_each_step_has_its_resources_its_image_and_keras_2(job):
    for step in STEPS:
        assert executor(job, step)["env"] == [{"name": "TF_USE_LEGACY_KERAS", "value": "1"}]
        # The Trainer's image is in its custom job, which the task only starts.
        assert executor(job, step)["image"].endswith("/flowers:1.0")
    assert executor(job, "ExampleGen")["resources"] == {"cpuLimit": 4, "memoryLimit": 16}
    assert executor(job, "Transform")["resources"] == {"cpuLimit": 8, "memoryLimit": 32}


def test_the_gate_has_a_driver_that_finds_the_baseline_before_the_cache_lookup(job):
    hook = executor(job, "Gate")["lifecycle"]["preCacheCheck"]
    assert hook == {"command": ["python", "-m", "components.gate.driver"], "args": ["{{$}}"]}
    baseline = parameters(job, "Gate")
    assert baseline["baseline_version"]["runtimeValue"]["constant"] == -1
    assert baseline["baseline_path"]["runtimeValue"]["constant"] == "gs://my-bucket/flowers/serving"


def test_the_trainer_is_a_custom_job_with_its_machine(job):
    path = "components.trainer.vertex_executor.CustomJobExecutor"
    assert path in executor(job, "Trainer")["args"]
    config = json.loads(parameters(job, "Trainer")["custom_config"]["runtimeValue"]["constant"])
    (pool,) = config["ai_platform_training_args"]["job_spec"]["worker_pool_specs"]
    assert pool["container_spec"]["image_uri"] == TPU_IMAGE
    assert pool["machine_spec"]["accelerator_type"] == "TPU_V3"
    assert config["checkpoints"] == "gs://my-bucket/flowers/checkpoints"
    assert config["settings"]["trainer"]["strategy"] == "tpu"


def test_without_a_machine_the_trainer_is_an_ordinary_step():
    job = compile_job(load_settings("vertex-sample"))
    assert "components.trainer.executor.TrainerExecutor" in executor(job, "Trainer")["args"]


@pytest.mark.parametrize("machine", [V3, V5E, L4])
def test_the_custom_job_is_valid_for_googles_types(machine):
    account = "a@my-project.iam.gserviceaccount.com"
    options = [f"vertex.service_account={account}", "vertex.network=projects/1/global/networks/n"]
    vertex = settings(f"vertex.trainer={machine}", *options).vertex
    spec = CustomJobSpec(job_spec(vertex))
    (pool,) = spec.worker_pool_specs
    machine = vertex.trainer
    assert pool.machine_spec.machine_type == machine.machine_type
    assert pool.machine_spec.tpu_topology == (machine.tpu_topology or "")
    assert pool.machine_spec.accelerator_count == machine.accelerator_count
    assert spec.service_account == account
    assert spec.network == "projects/1/global/networks/n"


def test_a_pattern_keeps_its_span_placeholder_for_the_driver():
    job = compile_job(settings("data.source=gs://b/records/span-{SPAN}/*"))
    config = json.loads(parameters(job, "ExampleGen")["input_config"]["runtimeValue"]["constant"])
    assert config["splits"][0]["pattern"] == "span-{SPAN}/*"
    assert job["runtimeConfig"]["parameterValues"]["data_root"] == "gs://b/records"


def test_the_exit_handler_always_runs_and_gets_what_the_report_shows(job):
    tasks = job["pipelineSpec"]["root"]["dag"]["tasks"]
    assert tasks.keys() == {"tfx-dag", "Report"}
    assert tasks["Report"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    inputs = tasks["Report"]["inputs"]["parameters"]
    assert inputs["final_status"] == {"taskFinalStatus": {"producerTask": "tfx-dag"}}
    assert inputs["root"]["runtimeValue"]["constant"] == "gs://my-bucket/flowers"
    assert inputs["topic"]["runtimeValue"]["constant"] == ""
    facts = json.loads(inputs["facts"]["runtimeValue"]["constant"])
    assert facts["settings"]["gate"]["target"] == 0.9
    assert facts["patterns"] == ["*.tfrec"]
    assert facts["inputs"].keys() >= {f"libraries of {step}" for step in STEPS if step != "Schema"}


def test_an_alert_is_sent_by_the_exit_handler_and_a_webhook_is_not_among_the_facts():
    url, topic = "https://example.com/secret", "projects/my-project/topics/models"
    job = compile_job(settings(f"vertex.alerts={{webhook: '{url}', topic: {topic}}}"))
    inputs = job["pipelineSpec"]["root"]["dag"]["tasks"]["Report"]["inputs"]["parameters"]
    assert inputs["topic"]["runtimeValue"]["constant"] == topic
    assert inputs["webhook"]["runtimeValue"]["constant"] == url
    assert url not in inputs["facts"]["runtimeValue"]["constant"]


def test_the_beam_steps_run_on_dataflow_if_configured():
    workers = "{machine_type: n1-standard-8, max_workers: 9}"
    job = compile_job(settings("beam.runner=dataflow", f"beam.dataflow={workers}"))
    args = executor(job, "Transform")["args"]
    assert "--runner=DataflowRunner" in args
    assert "--sdk_container_image=us-docker.pkg.dev/my-project/flowers/flowers:1.0" in args
    assert "--temp_location=gs://my-bucket/flowers/dataflow" in args
    options = PipelineOptions(flags=args).get_all_options(drop_default=True)
    assert (options["project"], options["region"]) == ("my-project", "us-central1")
    assert (options["machine_type"], options["max_num_workers"]) == ("n1-standard-8", 9)
    assert options["disk_size_gb"] == 50


def test_custom_beam_options_come_last():
    job = compile_job(settings("beam.pipeline_args=['--job_name=mine']"))
    assert executor(job, "Transform")["args"][-1] == "--job_name=mine"
