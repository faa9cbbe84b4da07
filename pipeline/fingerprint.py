"""Code and libraries of a step as fingerprints, so that TFX's cache notices a change of them."""

import functools
import os
import re
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
    found: set[str] = set()
    seen, waiting = set(modules), list(modules)
    while waiting:
        file = _file_of(waiting.pop())
        if file and file not in found:
            found.add(file)
            with open(file, "rb") as stream:
                new = _imports(stream.read()) - seen
            seen |= new
            waiting.extend(new)
    return sorted(map(Path, found))


def _file_of(module: str) -> str | None:
    """Returns the file of a project module; None for a library, or for a name inside a module."""
    if module.partition(".")[0] not in _PACKAGES:
        return None
    # Without pathlib, which is slow for the many names that are looked up here.
    path = f"{_ROOT}/{module.replace('.', '/')}"
    candidates = (f"{path}.py", f"{path}/__init__.py")
    return next((file for file in candidates if os.path.isfile(file)), None)


# Python's parser would take a sixth of the time of a run that has nothing to do.
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE
)
_COMMENT = re.compile(rb"#[^\n]*")
_NAME = re.compile(rb"(?:^|[(,])\s*([\w.]+)")


@functools.cache
def _imports(source: bytes) -> frozenset[str]:
    """Returns the modules that a file imports, and each imported name, which may be a module.

    Imports are found as Ruff formats them: on lines of their own, without backslashes. The result
    is cached because the steps share most of their files.
    """
    found: set[str] = set()
    for module, names in _IMPORT.findall(_COMMENT.sub(b"", source)):
        imported = [name.decode() for name in _NAME.findall(names)]
        if module:
            package = module.decode()
            found |= {package, *(f"{package}.{name}" for name in imported)}
        else:
            found.update(imported)
    return frozenset(found)
