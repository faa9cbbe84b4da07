"""The layers of the project, held against the imports in its files, lazy ones included."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A package or module imports only from lower layers, and from itself.
LAYERS = {
    "pipeline.cli": 10,
    "pipeline.serving": 9,
    "pipeline.batch_prediction": 9,
    "pipeline.schedule": 8,
    "pipeline.inference": 8,
    "pipeline.evaluation": 8,
    "pipeline.vertex": 7,
    "pipeline.registry": 7,
    "pipeline.local": 6,
    "pipeline.tuning": 5,
    "pipeline.graph": 4,
    "pipeline.report_page": 4,
    "pipeline.reporting": 3,
    "pipeline.diagnostics": 3,
    "pipeline.run_context": 3,
    "pipeline.steps": 3,
    "pipeline.settings": 2,
    "pipeline.history": 2,
    "pipeline.runners": 2,
    "pipeline.compat": 1,
    "pipeline.fingerprint": 1,
    "pipeline.exit_codes": 1,
    "pipeline.lazy_tensorflow": 1,
    "pipeline.left_out": 1,
    "pipeline.root_files": 1,
    "pipeline.settings_aliases": 1,
    "components": 0,
    "data": -1,
}
FILES = sorted(f for p in ("pipeline", "components", "data") for f in (ROOT / p).rglob("*.py"))


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(file): file for file in FILES}


def imported_by(file: Path) -> Iterator[str]:
    """Yields the project modules that a file imports, at its top or inside a function.

    Modules whose names are string constants, such as those in `pipeline.steps`, count as well:
    they are imported by name.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = [f"{node.module}.{a.name}" for a in node.names]
            found = [name for name in submodules if name in MODULES]
            yield from found
            if len(found) < len(submodules) and node.module in MODULES:
                yield node.module
        elif isinstance(node, ast.Constant) and node.value in MODULES and "." in str(node.value):
            yield str(node.value)


IMPORTS = {module: sorted(set(imported_by(file)) - {module}) for module, file in MODULES.items()}


def unit_of(module: str) -> str:
    """Returns the package or module in LAYERS that a module belongs to."""
    return next((unit for unit in LAYERS if f"{module}.".startswith(f"{unit}.")), module)


def test_every_module_has_a_layer():
    assert {m for m in MODULES if unit_of(m) not in LAYERS} == {"pipeline"}


@pytest.mark.parametrize("module", [m for m in MODULES if unit_of(m) in LAYERS])
def test_imports_point_to_lower_layers(module):
    unit = unit_of(module)
    wrong = {
        f"{module} imports {other}"
        for other in IMPORTS[module]
        if unit_of(other) != unit and LAYERS[unit_of(other)] >= LAYERS[unit]
    }
    assert not wrong


def test_no_modules_import_each_other_in_a_cycle():
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("prefix", ["components", "data", "pipeline"])
def test_no_packages_import_each_other_in_a_cycle(prefix):
    """Packages are the folders under `components` and `pipeline`, and `data.common`."""

    def package(module: str) -> str:
        parts = module.split(".")
        return ".".join(parts[:2]) if len(parts) > 2 else module

    graph: dict[str, set[str]] = {}
    for module, others in IMPORTS.items():
        if module.startswith(f"{prefix}."):
            inner = {package(o) for o in others if o.startswith(f"{prefix}.")}
            graph.setdefault(package(module), set()).update(inner - {package(module)})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_text_formatting_is_outside_the_code_of_the_steps():
    """No executor reaches a summary, so that rewording one reruns nothing."""
    from pipeline.fingerprint import reachable_files
    from pipeline.steps import STEPS

    for step in STEPS.values():
        if step.entry:
            names = {file.name for file in reachable_files(step.entry)}
            assert "summary.py" not in names, step.entry
