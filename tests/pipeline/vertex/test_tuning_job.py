import json

import pytest

from data.common.errors import UsageError
from pipeline.settings.loading import load_settings
from pipeline.steps import TUNER, steps_before_training
from pipeline.vertex.compile import as_text
from pipeline.vertex.tuning_job import compile_search

IMAGE = "us-docker.pkg.dev/my-project/flowers/flowers:1.0"
BASE = ["vertex.project=my-project", "vertex.root=gs://my-bucket/flowers", f"vertex.image={IMAGE}"]


def compiled(*overrides, config="vertex-sample"):
    return compile_search(load_settings(config, [*BASE, *overrides]))


@pytest.fixture(scope="module")
def job():
    return compiled("tune.trials=7", "vertex.resources={Tuner: {cpu: 16, memory_gb: 64}}")


def container(job):
    return job["pipelineSpec"]["deploymentSpec"]["executors"]["Tuner_executor"]["container"]


def parameter(job, name):
    task = job["pipelineSpec"]["root"]["dag"]["tasks"][TUNER]
    return task["inputs"]["parameters"][name]["runtimeValue"]["constant"]


def config(job):
    return json.loads(parameter(job, "custom_config"))


def test_the_job_prepares_the_data_and_ends_with_the_search(job):
    tasks = job["pipelineSpec"]["root"]["dag"]["tasks"]
    assert tasks.keys() == {*steps_before_training(), TUNER}
    assert set(tasks[TUNER]["dependentTasks"]) == {"Transform", "ExampleGen", "Schema"}
    assert tasks["Transform"]["cachingOptions"] == {"enableCache": True}
    assert job["runtimeConfig"]["parameterValues"].keys() == {"data_root"}


def test_the_tuner_runs_our_code_in_our_image_with_its_resources(job):
    assert "components.tuner.executor.TunerExecutor" in container(job)["args"]
    assert container(job)["image"] == IMAGE
    assert container(job)["env"] == [{"name": "TF_USE_LEGACY_KERAS", "value": "1"}]
    assert container(job)["resources"] == {"cpuLimit": 16, "memoryLimit": 64}
    assert parameter(job, "tuner_fn") == "components.tuner.run.tuner_fn"
    assert config(job)["folder"] == "gs://my-bucket/flowers/tune"
    assert config(job)["tune"]["trials"] == 7
    assert config(job)["tune"]["space"]["trainer.batch_size"] == [16, 32, 64]


def test_with_the_machine_of_the_trainer_the_search_is_a_custom_job_on_it():
    job = compiled(config="vertex-gpu")
    assert "components.tuner.vertex_executor.TunerJobExecutor" in container(job)["args"]
    arguments = config(job)["ai_platform_training_args"]
    assert arguments["display_name"].endswith("-tuner")
    (pool,) = arguments["job_spec"]["worker_pool_specs"]
    assert pool["container_spec"]["image_uri"] == IMAGE
    assert pool["machine_spec"]["accelerator_count"] >= 1


def test_two_compiles_give_the_same_bytes_without_addresses_of_alerts(job):
    url = "https://example.com/secret"
    with_alerts = [f"vertex.alerts.webhook={url}", "tune.trials=7"]
    assert as_text(compiled(*with_alerts)) == as_text(compiled(*with_alerts))
    assert url not in as_text(compiled(*with_alerts))


def test_a_space_that_cannot_be_searched_is_refused():
    with pytest.raises(UsageError, match=r"did you mean trainer\.batch_size"):
        compiled("tune.space.trainer.batch_sizes=[8]")
