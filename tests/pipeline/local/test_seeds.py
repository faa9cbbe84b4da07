"""Several seeds, as far as no step runs."""

from pathlib import Path

import pytest

from components.gate.verdict import Verdict
from data.common.errors import UsageError
from pipeline.history.runs import History, newest_finished
from pipeline.local.plan import find_records, new_run
from pipeline.local.seeds import SeedRuns, explain_seeds, parse_seeds, run_seeds
from pipeline.reporting.view import View
from pipeline.settings.loading import load_settings
from tests.pipeline.seed_run import write_seed_run


def asked(root: Path, text: str, *overrides: str, **view: bool) -> SeedRuns:
    settings = load_settings("quickstart", overrides)
    return SeedRuns(text, parse_seeds(text), settings, "quickstart", root, View(**view))


def train(root: Path, text: str, seed: int, accuracy: float = 0.8):
    """Writes the run of a seed as if it had been trained."""
    seeds = asked(root, text)
    plan, _ = seeds.plan(seed, find_records(seeds.settings))
    return write_seed_run(root, new_run(History(root), plan), accuracy)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0..2", [0, 1, 2]), ("0,3,7", [0, 3, 7]), ("5", [5]), ("0..1, 9", [0, 1, 9])],
)
def test_seeds_are_numbers_and_ranges(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "a", "2..0", "1,1", "0..2,1", "0..", "..2", "-1", "0..999", "0..9000000000"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(UsageError, match="--seeds takes different numbers from 0 on, at most 100"):
        parse_seeds(text)


def test_seeds_with_a_result_are_not_trained_again(tmp_path, capsys):
    first, second = train(tmp_path, "0,1", 0, 0.7), train(tmp_path, "0,1", 1, 0.9)
    table, code = run_seeds(asked(tmp_path, "0,1"))
    assert code == 0
    assert [result.run_id for result in table.seeds] == [first.run_id, second.run_id]
    assert table.spread["test_accuracy"].mean == pytest.approx(0.8)
    assert f"Seed 1: nothing changed since run {second.run_id}." in capsys.readouterr().out
    assert len(History(tmp_path).runs()) == 2


def test_lines_go_to_standard_error_if_the_output_is_json(tmp_path, capsys):
    train(tmp_path, "0", 0)
    run_seeds(asked(tmp_path, "0", on_stderr=True))
    captured = capsys.readouterr()
    assert (captured.out, captured.err[:7]) == ("", "Seed 0:")


def test_a_dry_run_tells_which_seeds_would_run(tmp_path, capsys):
    first = train(tmp_path, "0..1", 0)
    explain_seeds(asked(tmp_path, "0..1"))
    assert capsys.readouterr().out.splitlines() == [
        f"seed 0: nothing changed since run {first.run_id}", "seed 1: would run",
    ]  # fmt: skip
    explain_seeds(asked(tmp_path, "0..1", "trainer.epochs=3"))
    assert "nothing changed" not in capsys.readouterr().out


def test_the_run_that_trained_precedes_one_that_took_it_from_the_cache(tmp_path):
    trained, later = train(tmp_path, "0", 0), train(tmp_path, "0", 0)
    later.step("Trainer").state = "cached"
    History(tmp_path).save(later)
    table, _ = run_seeds(asked(tmp_path, "0"))
    assert (table.seeds[0].run_id, table.seeds[0].seconds) == (trained.run_id, 51)


def test_the_run_of_a_seed_says_so_and_is_no_finished_run_of_the_root(tmp_path):
    run = train(tmp_path, "0..2", 1)
    assert (run.seeds, run.seed_note) == ("0..2", "seed 1 of 0..2")
    assert run.format_line().endswith("accuracy 0.800  seed 1 of 0..2")
    assert isinstance(run.verdict, Verdict)
    assert newest_finished(History(tmp_path).runs()) is None


def test_several_workers_train_one_seed_at_a_time(tmp_path):
    with pytest.raises(UsageError, match="strategy=multiworker, run each seed by --until Gate"):
        run_seeds(asked(tmp_path, "0", "trainer.strategy=multiworker"))
