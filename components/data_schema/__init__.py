"""The schema as an artifact, by its text: a path would hide an edit from TFX's cache."""
