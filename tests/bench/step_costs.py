"""Runs the `flowers` of a checkout, and measures the time and memory of each step.

python tests/bench/step_costs.py CHECKOUT CORES OUT.json run --until ExampleGen ...
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from revision import entry_point


def main() -> None:
    """Runs the command, and writes what each step took to OUT.json.

    It maps each step to `seconds`, `cpu_seconds` of user code, and `peak_bytes`: the largest memory
    of the process until the end of the step.
    """
    checkout, cores, out, *arguments = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    sys.path.insert(0, checkout)
    _measure_steps(Path(out))
    sys.argv[1:] = arguments
    module, function = entry_point(Path(checkout))
    getattr(importlib.import_module(module), function)()


def _measure_steps(out: Path) -> None:
    """Makes TFX's launcher measure each step, in whichever revision the pipeline is."""
    from tfx.orchestration.portable.launcher import Launcher

    launch, costs = Launcher.launch, {}

    def measured(self: Any) -> Any:
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        result = launch(self)
        after = resource.getrusage(resource.RUSAGE_SELF)
        costs[self._pipeline_node.node_info.id] = {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": after.ru_utime - before.ru_utime,
            "peak_bytes": after.ru_maxrss * 1024,
        }
        out.write_text(json.dumps(costs), encoding="utf-8")
        return result

    Launcher.launch = measured


if __name__ == "__main__":
    main()
