"""Every module can be imported, also those that most commands import late."""

import importlib
import pkgutil

import pytest


@pytest.mark.parametrize("package", ["data", "components", "pipeline"])
def test_every_module_can_be_imported(package):
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, f"{package}."):
        importlib.import_module(module.name)
