import pytest

from components.gate.verdict import Verdict
from components.serving_check.result import ServingCheckResult
from pipeline.history.run import Run
from pipeline.local.outcome import EXIT_CODES, final_state
from pipeline.local.step_record import apply_serving_check


@pytest.fixture
def run():
    verdict = Verdict(True, "accuracy", 0.9, 0.8, 1.0, 0.8, 10, [])
    return Run(
        run_id="1", started="", state="running", config="c", settings={}, model="squeezenet",
        verdict=verdict,
    )  # fmt: skip


def test_a_run_is_pushed_or_refused_by_what_was_pushed(run):
    assert final_state(run) == "refused"
    run.pushed = 1
    assert final_state(run) == "pushed"
    run.verdict = None
    with pytest.raises(RuntimeError, match="without a verdict"):
        final_state(run)


def test_the_exit_codes_are_those_of_the_contract():
    assert EXIT_CODES == {
        "pushed": 0, "stopped": 0, "failed": 1, "refused": 3, "data refused": 4,
    }  # fmt: skip


@pytest.mark.parametrize("problems", [[], ["serving_bytes: no answer"]])
def test_the_verdict_of_a_run_is_that_of_gate_and_serving_check(run, problems):
    run.serving_check = ServingCheckResult(problems, megabytes=1.0)
    apply_serving_check(run)
    assert run.verdict.blessed == (not problems)
    assert run.verdict.reasons == problems
    (check,) = run.verdict.checks
    assert (check.name, check.passed) == ("serving", not problems)
