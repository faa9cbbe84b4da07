import gc
import sys
from types import ModuleType

from data.common.garbage_collection import no_garbage_collection


def test_garbage_is_collected_again_afterwards_but_not_before(monkeypatch):
    with no_garbage_collection():
        with no_garbage_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
        kept = [[]]
        monkeypatch.setitem(sys.modules, "imported_here", ModuleType("imported_here"))
    assert gc.isenabled()
    # What was created is frozen, so that later collections do not look at it.
    assert not any(found is kept for found in gc.get_objects())


def test_without_an_import_nothing_is_frozen():
    with no_garbage_collection():
        kept = [[]]
    assert any(found is kept for found in gc.get_objects())


def test_it_stays_off_where_it_was_off():
    gc.disable()
    try:
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
