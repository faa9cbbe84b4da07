"""Code and libraries of a step as fingerprints, so that TFX's cache notices a change of them."""

import ast
import functools
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from data.common.files import digest_files

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("pipeline", "components", "data")
_LOCK_FILE = "uv.lock"
# Modules that only format text for people, or list the networks that a setting may name: neither a
# reworded line nor a new network retrains a model.
_UNCOUNTED = ("formatting.py", "summary.py", "network_names.py")


def code_fingerprint(*modules: str) -> str:
    """Returns a hex SHA-256 of the code of a step.

    TFX identifies a step by its import path, which stays the same when the code behind it changes.
    The fingerprint covers each project file that the modules reach by imports, except modules
    that do not affect the outputs.

    Args:
      modules: The modules in which the code of the step begins, such as `components.trainer.run`.
    """
    files = {str(file.relative_to(_ROOT)): file for file in reachable_files(*modules)}
    counted = {name: file for name, file in files.items() if file.name not in _UNCOUNTED}
    return digest_files(counted)


def version_of(library: str) -> str:
    """Returns the version of an installed library; TensorFlow's TPU build counts as TensorFlow.

    Raises:
      PackageNotFoundError: The library is not installed.
    """
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        if library != "tensorflow":
            raise
        return metadata.version("tensorflow-tpu")


def locked_version(library: str, python: str) -> str:
    """Returns the version of a library in an image, which is built from `uv.lock`.

    Where there is no such file, as in an image, it is the installed version.

    Args:
      library: The name of the library.
      python: The Python of the image, such as `3.13`, which chooses among the locked versions.

    Raises:
      PackageNotFoundError: The library is neither locked nor installed.
    """
    return _locked_versions(python).get(library) or version_of(library)


@functools.cache
def _locked_versions(python: str) -> dict[str, str]:
    return {
        package["name"]: package["version"]
        for package in _locked_packages()
        if "version" in package and _is_for(python, package.get("resolution-markers", []))
    }


@functools.cache
def _locked_packages() -> list[dict[str, Any]]:
    file = _ROOT / _LOCK_FILE
    if not file.exists():
        return []
    import tomllib

    packages: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["package"]
    return packages


def _is_for(python: str, markers: list[str]) -> bool:
    """Returns whether any marker holds; a package with a single version has none."""
    # Only jobs on Vertex AI need it.
    from packaging.markers import Marker

    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    return not markers or any(Marker(marker).evaluate(environment) for marker in markers)


def reachable_files(*modules: str) -> list[Path]:
    """Returns the project's files that modules reach by imports, including their own, sorted."""
    found: set[Path] = set()
    seen, waiting = set(modules), list(modules)
    while waiting:
        file = _file_of(waiting.pop())
        if file and file not in found:
            found.add(file)
            new = set(_imports(file.read_bytes())) - seen
            seen |= new
            waiting.extend(new)
    return sorted(found)


def _file_of(module: str) -> Path | None:
    """Returns the file of a project module; None for a library, or for a name inside a module."""
    if module.partition(".")[0] not in _PACKAGES:
        return None
    path = _ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


@functools.cache
def _imports(source: bytes) -> Sequence[str]:
    """Returns the modules that a file imports, and each imported name, which may be a module.

    It is cached because the steps share most of their files.
    """
    found: list[str] = []
    for node in _statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _statements(block: ast.AST) -> Iterator[ast.stmt]:
    """Yields all statements within a module or a statement, at any depth."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for part in getattr(block, field, ()):
            if isinstance(part, ast.stmt):
                yield part
            yield from _statements(part)
