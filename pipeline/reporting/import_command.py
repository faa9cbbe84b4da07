"""The command that repeats an import with corrections, as far as `import.json` tells it."""

from collections.abc import Iterator
from pathlib import Path

from data.common.formatting import shell_word
from data.importing.import_file import ImportFile, ImportOptions


def format_import_command(records: Path, done: ImportFile | None, corrections: str) -> str:
    """Returns the command that imports the source of records again, with further corrections.

    Args:
      records: The folder of the records.
      done: What the import noted there; None if the records are not of an import.
      corrections: The path of the file of the further corrections.

    Returns:
      The command for a shell; with SOURCE and DIR as placeholders where they are not known.
    """
    if done is None:
        words = ["SOURCE", "--out", "DIR"]
    else:
        folder = records if done.origin.span is None else records.parent
        words = [
            shell_word(done.origin.source) if done.origin.source else "SOURCE",
            "--out",
            shell_word(str(_new_folder(folder))),
            *map(shell_word, _options(done)),
        ]
    return " ".join(["flowers data import", *words, "--corrections", shell_word(corrections)])


def _new_folder(folder: Path) -> Path:
    """Returns a folder that does not exist, because existing records keep their labels."""
    number = 1
    name = f"{folder.name}-corrected"
    while folder.with_name(name).exists():
        number += 1
        name = f"{folder.name}-corrected-{number}"
    return folder.with_name(name)


def _options(done: ImportFile) -> Iterator[str]:
    """Yields the options that differ from their defaults, with their values."""
    origin, default = done.origin, ImportOptions()
    merge_splits = origin.merge_splits if origin.source else done.options.merge_splits or None
    if merge_splits is not None:
        yield "--merge-splits" if merge_splits else "--no-merge-splits"
    if origin.span is not None:
        yield from ("--span", str(origin.span))
    for name in ("size", "background", "seed", "per_shard"):
        value = getattr(done.options, name)
        if value != getattr(default, name):
            yield from (f"--{name.replace('_', '-')}", str(value))
    for file in origin.corrections:
        yield from ("--corrections", file)
