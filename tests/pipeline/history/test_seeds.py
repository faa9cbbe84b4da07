import statistics

import pytest

from pipeline.history.runs import History
from pipeline.history.seeds import has_result, other_seeds, seed_result, seed_table
from tests.pipeline.seed_run import seed_run, write_seed_run


def test_the_spread_has_mean_deviation_of_a_sample_and_range(tmp_path):
    accuracies = [0.7, 0.8, 0.84]
    runs = [seed_run(tmp_path, seed, accuracy) for seed, accuracy in enumerate(accuracies)]
    table = seed_table([0, 1, 2], [seed_result(tmp_path, run) for run in runs])
    assert [result.reached_target for result in table.seeds] == [False, True, True]
    assert [result.seconds for result in table.seeds] == [51] * 3
    spread = table.spread["test_accuracy"]
    assert spread.deviation == pytest.approx(statistics.stdev(accuracies))
    assert (spread.mean, spread.low, spread.high) == pytest.approx((0.78, 0.7, 0.84))
    assert table.spread["robustness"].mean == pytest.approx(0.58)
    assert table.spread["eval_accuracy"].high == pytest.approx(0.89)


def test_one_seed_has_no_deviation(tmp_path):
    table = seed_table([4], [seed_result(tmp_path, seed_run(tmp_path, 4))])
    assert table.spread["test_accuracy"].deviation is None


def test_what_a_run_does_not_know_has_no_spread(tmp_path):
    first, second = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    write_seed_run(tmp_path, first, last_epochs_accuracy=None, resumed_at=[2])
    first.robustness = {}
    second.step("Trainer").state = "cached"
    table = seed_table([0, 1], [seed_result(tmp_path, run) for run in (first, second)])
    assert [result.seconds for result in table.seeds] == [None, None]
    assert table.seeds[0].robustness is None
    assert set(table.spread) == {"eval_accuracy", "test_accuracy"}


def test_a_run_that_ended_before_the_gate_has_no_result(tmp_path):
    run = seed_run(tmp_path, 0)
    assert has_result(tmp_path, run)
    run.verdict = None
    assert not has_result(tmp_path, run)


def test_the_other_seeds_differ_in_nothing_else(tmp_path):
    runs = [seed_run(tmp_path, seed) for seed in (3, 1, 2)]
    again = seed_run(tmp_path, 1, run_id="20261128-000100", started="2026-11-28T00:01:00+00:00")
    seed_run(tmp_path, 4, inputs={"trainer.seed": 4, "records": "others"})
    history = History(tmp_path).runs()
    others = other_seeds(runs[2], history)
    assert [run.run_id for run in others] == [again.run_id, runs[0].run_id]
