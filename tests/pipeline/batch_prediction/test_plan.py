import pytest

from data.common.errors import UsageError
from pipeline.batch_prediction.plan import Plan, digest_inputs, keep_plan

PLAN = Plan(model="version 1", digest="d", format="parquet", inputs="i", shards=2)


def test_the_shards_without_results_are_missing(tmp_path):
    prefix = f"{tmp_path}/p"
    (tmp_path / "p-00001-of-00002.parquet").touch()
    assert PLAN.missing(prefix) == [0]


def test_the_same_plan_continues_and_another_one_is_refused(tmp_path):
    prefix = f"{tmp_path}/new folder/p"
    keep_plan(PLAN, prefix)
    keep_plan(PLAN, prefix)
    for change, name in [
        ({"digest": "e"}, "the model"),
        ({"format": "jsonl"}, "the format"),
        ({"inputs": "j", "shards": 3}, "the input files and the number of shards"),
    ]:
        with pytest.raises(UsageError, match=f"version 1 in 2 shards, and {name} changed") as error:
            keep_plan(PLAN.model_copy(update=change), prefix)
        assert f"rm '{prefix}'.* '{prefix}'-*" in str(error.value)


def test_a_file_that_is_no_plan_is_named(tmp_path):
    (tmp_path / "p.plan.json").write_text("{}")
    with pytest.raises(UsageError, match=r"p\.plan\.json is not a plan"):
        keep_plan(PLAN, f"{tmp_path}/p")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--out: .*/file/p\.plan\.json cannot be written: "):
        keep_plan(PLAN, f"{tmp_path}/file/p")


def test_inputs_are_told_apart_by_name_size_and_time(tmp_path):
    file = tmp_path / "a.jpg"
    file.write_bytes(b"1")
    missing = str(tmp_path / "b.jpg")
    before = digest_inputs([str(file), missing])
    assert digest_inputs([str(file), missing]) == before
    assert digest_inputs([missing, str(file)]) != before
    file.write_bytes(b"12")
    assert digest_inputs([str(file), missing]) != before
