"""Rehearsals of a compiled job with toy images. The tests share a root and run in order.

TFX's drivers and executors and Google's client are the real ones: the processes are those that
Vertex AI would start, and each of them takes ten seconds to import TFX.
"""

import json

import pytest
from google.cloud.aiplatform_v1.types import JobState

from data.synthetic import write_sample
from pipeline.history.runs import History
from pipeline.steps import STEPS
from pipeline.vertex.rehearsal.container import run_process
from pipeline.vertex.rehearsal.job_service import JobService
from pipeline.vertex.rehearse import rehearse

pytestmark = pytest.mark.slow

TOY = [
    "transform.image_size=32", "trainer.epochs=2", "trainer.batch_size=16", "data.split_salt=2",
    "gate.target=0.0", "gate.min_examples=1", "gate.max_loss=1",
]  # fmt: skip
# The steps that run after another training.
TRAINED = ["Trainer", "Evaluator", "Predictions", "Gate", "ServingCheck", "Pusher"]
# The job of the sample, with another Trainer's machine, model and training.
TPU = [
    "data.source=gs://your-bucket/sample/*.tfrec", "model={name: dense, weights: none}",
    "trainer.batch_size=4", "trainer.epochs=2", "trainer.steps_per_execution=3",
    "vertex.project=your-project", "vertex.root=gs://your-bucket/flowers",
    "vertex.image=us-docker.pkg.dev/your-project/flowers/flowers:0.1.0",
    "vertex.alerts.topic=projects/your-project/topics/models",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rehearsal")
    write_sample(folder / "data", count=120, shards=2, pixels=32)
    return folder


@pytest.fixture(scope="module")
def root(folder):
    return folder / "root"


@pytest.fixture(scope="module")
def compiled(flowers, folder):
    """Returns a function that compiles a job with settings."""

    def compile_with(name, *settings, config="vertex-sample"):
        file = folder / f"{name}.json"
        options = [option for setting in (*TOY, *settings) for option in ("--set", setting)]
        answer = flowers("vertex", "compile", "--config", config, "--out", file, *options)
        assert answer.code == 0, answer.err
        return file

    return compile_with


@pytest.fixture(scope="module")
def job(compiled):
    return compiled("job")


@pytest.fixture(scope="module")
def run_rehearsal(flowers, folder, root):
    """Returns a function that rehearses a job, with parameters in addition to `data_root`."""

    def rehearse_with(file, *parameters):
        pairs = [f"data_root={folder / 'data'}", *parameters]
        options = [option for pair in pairs for option in ("--parameter", pair)]
        return flowers("vertex", "rehearse", file, "--root", root, *options)

    return rehearse_with


@pytest.fixture
def newest(root):
    return lambda: History(root).runs()[0]


@pytest.fixture
def report_of(root, newest):
    """Returns a function that returns the newest report, which the console names."""

    def report(answer):
        file = root / "history" / newest().run_id / "report.html"
        assert answer.out.splitlines()[-1] == f"Report:   {file}"
        return file.read_text(encoding="utf-8")

    return report


def steps_that_ran(run):
    return [step.name for step in run.steps if step.state == "done"]


def states(run, state):
    return {step.name for step in run.steps if step.state == state}


def test_a_rehearsal_has_the_results_of_a_local_run(
    flowers, folder, root, job, run_rehearsal, newest, report_of
):
    answer = run_rehearsal(job)
    assert answer.code == 0, answer.out
    assert "PASSED: accuracy" in answer.out
    assert "epoch 2/2: loss" in answer.out
    run = newest()
    assert states(run, "done") == {*STEPS, "Report"}
    assert run.pushed == 1
    page = report_of(answer)
    assert "Pushed as version 1" in page
    assert page.count("data:image/webp") > 10
    assert "could not be made" not in page
    assert (root / "serving" / "1" / "saved_model.pb").is_file()
    options = [option for setting in TOY for option in ("--set", setting)]
    local = ["--data", str(folder / "data"), "--root", str(folder / "local"), *options]
    assert flowers("run", *local).code == 0
    (local_run,) = History(folder / "local").runs()
    assert run.examples == local_run.examples
    assert run.verdict.value == local_run.verdict.value
    assert run.training.epochs[-1]["loss"] == local_run.training.epochs[-1]["loss"]


def test_the_pushed_model_predicts(flowers, folder, root):
    answer = flowers("predict", "--root", root, "--csv", folder / "data")
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 121


def test_an_unchanged_job_runs_only_its_drivers_and_its_exit_handler(
    job, run_rehearsal, newest, root, report_of
):
    answer = run_rehearsal(job)
    assert answer.code == 0
    assert states(newest(), "cached") == STEPS.keys()
    slow = {step.name for step in newest().steps if step.seconds > 0.5}
    assert slow == {"ExampleGen", "Gate", "Report"}
    page = report_of(answer)
    assert "Unchanged: this model was judged before (version 1)" in page
    assert page.count("data:image/webp") > 10
    assert [path.name for path in (root / "serving").iterdir()] == ["1"]


def test_a_new_target_runs_only_gate_and_push(job, run_rehearsal, newest, report_of):
    answer = run_rehearsal(job, "target=1.0")
    assert answer.code == 3
    assert "is below the target 1.0000" in answer.out
    assert steps_that_ran(newest()) == ["Gate", "Pusher", "Report"]
    assert newest().pushed is None
    page = report_of(answer)
    assert "Refused: the model was not pushed" in page
    assert "is below the target 1.0000" in page


def test_the_second_model_is_compared_with_the_serving_one(compiled, run_rehearsal, newest, root):
    answer = run_rehearsal(compiled("second", "trainer.seed=1"))
    assert answer.code == 0, answer.out
    assert steps_that_ran(newest()) == [*TRAINED, "Report"]
    assert newest().verdict.baseline.version == 1
    assert newest().pushed == 2
    # After its push, the model's baseline is still the version before it.
    again = run_rehearsal(root.parent / "second.json")
    assert again.code == 0
    assert steps_that_ran(newest()) == ["Report"]


def test_a_failed_step_is_named_and_downstream_steps_are_skipped(
    job, run_rehearsal, newest, report_of
):
    answer = run_rehearsal(job, 'train_args={"splits": ["nowhere"]}')
    assert answer.code == 1
    assert "FAILED in Trainer: StepFailed: " in answer.out
    assert "nowhere" in answer.out
    assert states(newest(), "failed") == {"Trainer"}
    assert states(newest(), "skipped") == set(TRAINED[1:])
    page = report_of(answer)
    assert "Failed in Trainer" in page
    assert "nowhere" in page


def test_missing_data_is_refused_by_the_step_that_reads_it(job, run_rehearsal, newest, report_of):
    answer = run_rehearsal(job, "data_root=/nowhere")
    assert answer.code == 4
    assert "no record files match /nowhere/*.tfrec" in answer.out
    assert states(newest(), "failed") == {"ExampleGen"}
    page = report_of(answer)
    assert "Data refused" in page
    assert "no record files match /nowhere/*.tfrec" in page


# Eight logical CPUs replace the cores of a TPU.
ON_CPUS = """
import runpy, sys
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 8)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def test_the_trainer_of_a_tpu_runs_as_a_custom_job_and_an_alert_is_sent(
    compiled, folder, root, newest, capsys
):
    """The custom job's command is changed only to use CPUs instead of a TPU."""
    trainers = []

    def run(command, environment):
        python, _, module, *arguments = command
        index = arguments.index("--exec-properties") + 1
        properties = json.loads(arguments[index])
        trainers.append(json.loads(properties["custom_config"])["settings"]["trainer"])
        for_cpu = properties["custom_config"].replace('"strategy": "tpu"', '"strategy": "cpu"')
        properties["custom_config"] = for_cpu
        arguments[index] = json.dumps(properties)
        assert environment["TF_USE_LEGACY_KERAS"] == "1"
        run_process([python, "-c", ON_CPUS, module, *arguments], environment)

    service = JobService(run)
    file = compiled("tpu", *TPU, config="vertex-tpu")
    code = rehearse(file, root, [f"data_root={folder / 'data'}"], service=service)
    (custom,) = service.jobs
    assert custom.state == JobState.JOB_STATE_SUCCEEDED, custom.error
    assert code == 0
    (pool,) = custom.job_spec.worker_pool_specs
    assert pool.machine_spec.machine_type == "cloud-tpu"
    assert pool.machine_spec.accelerator_type.name == "TPU_V3"
    assert trainers[0]["strategy"] == "tpu"
    assert trainers[0]["precision"] == "mixed_bfloat16"
    assert newest().training.device.startswith("8 replicas on CPU")
    assert newest().training.replicas == 8
    assert newest().pushed > 1
    # The data gate checks that the train split fills a batch, whose size is another one here.
    expected = ["DataGate", *TRAINED, "Report"]
    assert steps_that_ran(newest()) == expected
    alert = "alert to projects/your-project/topics/models (not delivered): flowers: pushed, "
    output = capsys.readouterr().out
    assert f"{alert}version {newest().pushed} ({newest().run_id})" in output
    assert output.count(f"{root}/history/{newest().run_id}/report.html") == 2
    assert output.count("PASSED: accuracy") == 2
