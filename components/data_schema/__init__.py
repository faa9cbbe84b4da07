"""The schema step; its parameter is the text, because a path would hide edits from TFX's cache."""
