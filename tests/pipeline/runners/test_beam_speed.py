import gzip
from pathlib import Path

import apache_beam as beam
from apache_beam.io.filesystem import CompressedFile
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.transforms import core

from pipeline.runners.beam_speed import faster_beam


class _Double(beam.DoFn):
    def process(self, element, window=beam.DoFn.WindowParam, factor=2):
        yield element * factor


def _write(path: Path) -> bytes:
    """Returns the file in the format GZIP that a pipeline writes."""
    with beam.Pipeline(options=PipelineOptions(["--direct_running_mode=in_memory"])) as pipeline:
        (
            pipeline
            | beam.Create(range(1000))
            | beam.ParDo(_Double())
            | "Add" >> beam.Map(lambda number, added=3: number + added)
            | beam.Map(str)
            | beam.io.WriteToText(str(path), file_name_suffix=".gz")
        )
    (file,) = path.parent.glob(f"{path.name}*")
    return file.read_bytes()


def test_a_pipeline_writes_the_same_without_compressing_it(tmp_path):
    with faster_beam():
        found = _write(tmp_path / "faster")
    usual = _write(tmp_path / "usual")
    lines = gzip.decompress(found).splitlines()
    assert sorted(lines) == sorted(gzip.decompress(usual).splitlines())
    assert len(lines) == 1000
    assert len(found) > sum(map(len, lines)) > len(usual)


def test_the_parameters_of_a_method_are_looked_up_once(monkeypatch):
    calls, usual = [], core.get_signature
    monkeypatch.setattr(core, "get_signature", lambda f: calls.append(f) or usual(f))
    expected = core.get_function_arguments(_Double(), "process")
    with faster_beam():
        for _ in range(3):
            assert core.get_function_arguments(_Double(), "process") == expected
    assert len(calls) == 2


def test_functions_of_the_same_name_keep_their_own_parameters():
    functions = [lambda one: one, lambda one, two=2: one + two]
    expected = [core.get_function_args_defaults(function) for function in functions]
    with faster_beam():
        assert [core.get_function_args_defaults(function) for function in functions] == expected


def test_views_of_options_share_their_values():
    with faster_beam():
        options = PipelineOptions(["--direct_num_workers=2"])
        direct = options.view_as(DirectOptions)
        assert options.view_as(DirectOptions) is direct
        assert direct.direct_num_workers == 2
        options.view_as(StandardOptions).view_as(DirectOptions).direct_num_workers = 3
        assert direct.direct_num_workers == 3
        others = PipelineOptions(["--direct_num_workers=4"])
        assert others.view_as(DirectOptions).direct_num_workers == 4


def test_beam_is_as_before_afterwards():
    def state() -> list[object]:
        return [core.get_signature, PipelineOptions.view_as, CompressedFile._initialize_compressor]

    before = state()
    with faster_beam():
        assert not any(now is old for now, old in zip(state(), before, strict=True))
    assert state() == before
