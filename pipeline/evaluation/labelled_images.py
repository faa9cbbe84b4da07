"""Labelled images for an evaluation: records, a folder per class, or a CSV file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.predictions.elsewhere import LeftOut, Located, locate_records
from data.common.errors import UsageError
from data.common.progress import progress
from data.features import UNCHANGED
from data.images.conversion import read_as_jpeg
from data.images.reading import UnreadableImage
from data.importing.image_files import LabelledImage, find_images
from data.importing.table import TABLE_SUFFIXES
from data.record_files import check_first_records
from data.records import encode_example
from data.sources import RECORD_FILES, list_files, named, resolve


@dataclass(frozen=True)
class LabelledData:
    """Labelled images.

    Attributes:
      location: Where they are.
      records: They as records, which are read one by one.
      left_out: The files that are left out already.
      features: The names of the features in the records.
    """

    location: str
    records: Iterator[Located]
    left_out: list[LeftOut]
    features: dict[str, str]


def find_labelled(
    data: str, features: dict[str, str], merge_splits: bool | None = None
) -> LabelledData:
    """Returns the labelled images that `data` names; they are not read yet.

    Args:
      data: A folder or CSV file of images, as for `flowers data import`, or records, as for
        `flowers run --data`. A folder with record files counts as records.
      features: The names of the features in the records, see `data.features.feature_names`.
      merge_splits: See `data.importing.image_files.find_images`.

    Raises:
      UsageError: There are none, or they cannot be read.
    """
    path = Path(data).expanduser()
    is_table = path.is_file() and path.suffix.lower() in TABLE_SUFFIXES
    if is_table or (path.is_dir() and next(path.glob(RECORD_FILES), None) is None):
        found = find_images(path, merge_splits)
        left_out = [LeftOut(item.path, item.reason) for item in found.left_out]
        return LabelledData(str(path.absolute()), _read(found.files), left_out, UNCHANGED)
    with named("DATA"):
        source = resolve(data)
        files = list_files(source)
        if merge_splits is not None:
            raise UsageError("--merge-splits is for folders of images, and DATA names records")
        check_first_records(source, files, features)
    return LabelledData(str(source), locate_records(files), [], features)


def _read(files: list[LabelledImage]) -> Iterator[Located]:
    """Yields image files as records; the label alone tells their class."""
    for number, file in enumerate(files, 1):
        done = {"fraction": number / len(files)}
        progress.debug("reading images: %d of %d", number, len(files), extra=done)
        try:
            content, size = read_as_jpeg(file.path, None)
        except UnreadableImage as error:
            yield Located(file.source, b"", str(error))
        else:
            record = encode_example(content, 0, [file.label], size, file.source)
            yield Located(file.source, record)
