"""Checks the folder to which an import writes its records."""

import os
from pathlib import Path

from data.common.errors import UsageError
from data.common.formatting import printable
from data.sources import WILDCARD


def check_new_folder(out: Path, images: Path) -> None:
    """Checks that an import can write a folder of records that `--data` can name.

    Args:
      out: The folder; it need not exist.
      images: The folder or CSV file that is imported.

    Raises:
      UsageError: TFX cannot read the folder's name, it is no folder, or it is among the images.
    """
    path, shown = os.path.abspath(out), printable(str(out))
    if WILDCARD.search(path) or "\\" in path or printable(path) != path:
        raise UsageError(
            f"--out: TFX cannot read records in {printable(path)}; the path must be printable "
            "UTF-8 without the characters * ? [ { \\"
        )
    # pathlib has made gs:/ of gs://.
    if out.parts and out.parts[0].endswith(":"):
        raise UsageError(f"--out must be a folder on this machine, got {shown}; copy it from there")
    if os.path.lexists(out) and not os.path.isdir(out):
        raise UsageError(f"--out must be a folder, and {shown} is none")
    if os.path.isdir(images) and Path(path).is_relative_to(os.path.abspath(images)):
        raise UsageError(
            f"--out: {shown} is inside SOURCE, where its records would be taken for images; "
            "choose a folder outside of it"
        )
