from types import SimpleNamespace

from tfx.types import standard_artifacts

from components.transform.summary import summarize


def test_the_summary_is_number_and_size_of_the_images(tmp_path):
    for split, size in (("train", 7000), ("eval", 2000)):
        (tmp_path / f"Split-{split}").mkdir()
        (tmp_path / f"Split-{split}" / "examples-0.gz").write_bytes(b"x" * size)
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path)
    run = SimpleNamespace(
        examples={"train": 2, "eval": 1, "test": 5}, settings={"transform": {"image_size": 64}}
    )
    summary = summarize({"transformed_examples": [examples]}, run)
    assert summary.text == "3 images of 64 x 64, 3.0 kB each"
