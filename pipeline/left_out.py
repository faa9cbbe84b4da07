"""Modules that are not imported although libraries import them, because nothing here uses them."""

import contextlib
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

TUNER_MODULE = "tfx.components.tuner.component"
# What a run on this machine leaves out, and why: more than a quarter of its imports' time.
# Where possible, this is not a heavy package but the module that imports it, so that whoever needs
# the package can still import it.
RUN = {
    "apache_beam.io.gcp.bigquery": "reads BigQuery; imports its client, IPython and ipywidgets",
    "apache_beam.io.mongodbio": "reads MongoDB; imports pymongo",
    "google.cloud.pubsub": "for Beam's streams; alerts import google.cloud.pubsub_v1",
    "tensorflow_data_validation.utils.display_util": "for notebooks; imports IPython",
    "tensorflow_model_analysis.metrics.bleu": "a metric of texts; imports sacrebleu",
    "tensorflow_model_analysis.metrics.rouge": "a metric of texts; imports nltk and scikit-learn",
    "tensorflow_model_analysis.notebook.jupyter.tfma_widget.widget": "imports ipywidgets",
    "tfx.components.bulk_inferrer.component": "no step of ours; imports TF Serving's API",
    "tfx.components.infra_validator.component": "no step of ours; imports docker and kubernetes",
    TUNER_MODULE: "for `flowers tune` only; imports KerasTuner, Keras 3 and pyplot",
}
# What a run finds not to be installed.
RUN_WITHOUT = {"IPython": "Beam asks it for each transform whether this is a notebook"}
# What `--help` leaves out: a third of the time of its imports in a terminal.
HELP = {
    "rich.markdown": "for help texts in Markdown; imports markdown-it and Pygments",
    "rich.traceback": "for Typer's tracebacks, which are switched off; imports Pygments",
}


class _StandIn(ModuleType):
    """Takes the place of a module; any name can be imported from it, but not used."""

    def __init__(self, name: str, reason: str):
        super().__init__(name, reason)
        self.__spec__ = ModuleSpec(name, None)

    def __getattr__(self, name: str) -> type:
        # Python and its tools look for names such as `__all__` and `__file__` in each module.
        if name.startswith("__"):
            raise AttributeError(name)
        # A class, because that can be called, inherited from and given to isinstance.
        return type(name, (), {"__new__": self._refuse, "__init_subclass__": self._refuse})

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ImportError(
            f"{self.__name__} was left out ({self.__doc__}); if it is needed, remove it from the "
            f"table in {__name__}",
            name=self.__name__,
        )


@contextlib.contextmanager
def left_out(
    modules: Mapping[str, str], needed: Collection[str] = (), without: Collection[str] = ()
) -> Iterator[None]:
    """Within it, imports of modules that are not imported yet find stand-ins in their place.

    Using what a stand-in contains raises an ImportError that names the module.

    Args:
      modules: The names of the modules, and why nothing uses them.
      needed: Those of them that are imported all the same.
      without: Further modules, whose imports raise an ImportError at once. For those that libraries
        do without, and that they look for in `sys.modules`.
    """
    stand_ins: dict[str, Any] = {
        name: _StandIn(name, reason)
        for name, reason in modules.items()
        if name not in needed and name not in sys.modules
    }
    stand_ins |= {name: None for name in without if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)
