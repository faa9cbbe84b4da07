from types import SimpleNamespace

import pytest
from tfx.types import standard_artifacts

from components.artifacts import write_bytes
from components.transform.summary import summarize


@pytest.mark.parametrize("scheme", ["", "ram://"])
def test_the_summary_is_number_and_size_of_the_images_also_in_a_bucket(tmp_path, scheme):
    examples = standard_artifacts.Examples()
    examples.uri = f"{scheme}{tmp_path}"
    for split, size in (("train", 7000), ("eval", 2000)):
        write_bytes(b"x" * size, examples.uri, f"Split-{split}", "examples-0.gz")
    run = SimpleNamespace(
        examples={"train": 2, "eval": 1, "test": 5}, settings={"transform": {"image_size": 64}}
    )
    summary = summarize({"transformed_examples": [examples]}, run)
    assert summary.text == "3 images of 64 x 64, 3.0 kB each"
