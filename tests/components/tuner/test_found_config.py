import pytest

from components.tuner.found_config import found_config
from components.tuner.trials import Search, Trial
from pipeline.settings.loading import load_settings
from pipeline.tuning.request import config_of

BATCH, AUGMENT = "trainer.batch_size", "trainer.learning_rate.peak"


def trial(number, accuracy, state="done", **values):
    return Trial(
        number=number, values={BATCH: 16 * number, AUGMENT: 0.005}, state=state, epochs=2,
        accuracies=[accuracy, 0.1], losses=[1.0, 2.0], best_epoch=1, seconds=5, **values,
    )  # fmt: skip


@pytest.fixture
def search():
    trials = [
        trial(1, 0.5),
        trial(2, 0.75),
        trial(3, 0.4, "stopped early", reason="below the median"),
    ]
    parts = {"tune.seed": 4, "settings": {"trainer": {"seed": 1}}}
    return Search(
        folder="f", parts=parts, trials_wanted=3, trials=trials, eval_examples=60,
        updated="2026-11-28T01:02:03+00:00",
    )  # fmt: skip


def test_the_config_is_the_one_of_the_search_with_the_best_values(search, tmp_path):
    settings = load_settings("quickstart", ["gate.target=0.7", "notify.command=[echo]"])
    file = tmp_path / "tuned.yaml"
    file.write_text(found_config(search, config_of(settings), "data/*", "flowers tune"))
    overrides = [f"{BATCH}=32", f"{AUGMENT}=0.005", "gate.target=0.7", "notify.command=[echo]"]
    assert load_settings(str(file)) == load_settings("quickstart", overrides)


def test_the_header_has_the_figures(search):
    text = found_config(search, {}, "photos/*.tfrec", "flowers tune --trials 3")
    header = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("#")]
    assert header[0] == "Found by a search of 3 trials: batch_size 32, peak 0.005."
    assert "  flowers tune --trials 3" in header
    sentences = " ".join(header)
    assert (
        "Trial 2 was the best one on 60 eval images, with eval accuracy 0.750 (epoch 1 of 2)"
        in (sentences)
    )
    assert "the config itself had eval accuracy 0.500 (epoch 1 of 2)." in sentences
    assert "The test images have not been used." in sentences
    assert "Data:   photos/*.tfrec" in header
    assert "Seeds:  4 of the search, 1 of each training" in header
    assert "Date:   2026-11-28 01:02 UTC" in header
    assert header[-1].endswith(
        "3  batch_size 48, peak 0.005: stopped early: below the median, "
        "eval accuracy 0.400 (epoch 1 of 2), 5 s"
    )


def test_the_header_says_if_the_config_itself_was_best(search):
    search.trials = search.trials[:1]
    text = found_config(search, {}, "d", "c")
    assert "(epoch 1 of 2), which is the config itself." in text
