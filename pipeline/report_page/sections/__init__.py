"""The sections of the report of a run, a module for each, in the order of `page.py`."""
