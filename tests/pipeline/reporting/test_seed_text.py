from pipeline.history.seeds import seed_result, seed_table
from pipeline.reporting.seed_text import format_seeds
from tests.pipeline.seed_run import seed_run


def lines_of(root, accuracies, requested=(0, 1, 2)):
    runs = [seed_run(root, seed, accuracy) for seed, accuracy in enumerate(accuracies)]
    return [*format_seeds(seed_table(requested, [seed_result(root, run) for run in runs]))]


def test_the_table_has_a_row_for_each_seed_and_for_the_spread(tmp_path):
    header, first, *_, mean, deviation, low, high, _, legend, test, _, end = lines_of(
        tmp_path, [0.7, 0.8, 0.84]
    )
    assert header.split()[-4:] == ["changed", "seconds", "target", "run"]
    assert " ".join(first.split()) == "0 0.750 0.700 0.700 0.500 51 missed 20261128-000000"
    assert " ".join(mean.split()) == "mean 0.830 0.780 0.780 0.580 51"
    assert " ".join(deviation.split()) == "s.d. 0.072 0.072 0.072 0.072 0"
    assert (low.split()[3], high.split()[3]) == ("0.700", "0.840")
    assert legend.startswith("eval: accuracy of the chosen epoch")
    assert test.startswith("test: accuracy on 50 test images")
    assert end == "2 of 3 seeds reach the target; none was pushed by this command."
    assert max(map(len, [header, first, legend, test, end])) <= 100


def test_a_missing_result_is_counted_and_a_single_seed_has_no_spread(tmp_path):
    lines = lines_of(tmp_path, [0.8])
    assert not any(line.startswith("mean") for line in lines)
    assert lines[-1].endswith("by this command. 2 of 3 have no result.")
    assert lines_of(tmp_path, []) == ["No seed has a result."]
