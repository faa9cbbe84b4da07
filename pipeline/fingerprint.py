"""Fingerprints of the code that a step runs, so that TFX's cache sees a change of it."""

import ast
import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from data.common.digest import digest_files

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("pipeline", "components", "data")
_LIBRARIES = ("tensorflow", "tfx")


def code_fingerprint(module: str) -> str:
    """Returns a hex SHA-256 of a step's code.

    Steps are named to TFX by import path, which stays the same when the code behind it changes.
    What counts is every project file that the module reaches by imports, and TensorFlow's and
    TFX's versions.

    Args:
      module: the step's entry, such as `components.trainer.run`.
    """
    versions = " ".join(map(version_of, _LIBRARIES))
    files = {str(file.relative_to(_ROOT)): file for file in reachable_files(module)}
    return hashlib.sha256(f"{versions} {digest_files(files)}".encode()).hexdigest()


def version_of(library: str) -> str:
    """Returns the version of an installed library; for TensorFlow its build for TPUs will do.

    Raises:
      PackageNotFoundError: it is not installed.
    """
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        if library != "tensorflow":
            raise
        return metadata.version("tensorflow-tpu")


def reachable_files(module: str) -> list[Path]:
    """Returns the project's files that a module reaches by imports, its own among them, sorted."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        file = _file_of(waiting.pop())
        if file and file not in found:
            found.add(file)
            waiting.extend(_imports(file))
    return sorted(found)


def _file_of(module: str) -> Path | None:
    """Returns the file of a module of the project; None for a library, or a name in a module."""
    if module.partition(".")[0] not in _PACKAGES:
        return None
    path = _ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def _imports(file: Path) -> Iterator[str]:
    """Yields the modules that a file imports, and each name that may be a module."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
