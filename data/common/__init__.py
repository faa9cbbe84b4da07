"""Code that is not specific to the data: errors, files, digests, formatting, settings, progress."""
