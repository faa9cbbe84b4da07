"""The exit codes of `flowers`; a signal's is 128 and its number."""

# The gate passed the model; or a command did what it was asked.
DONE = 0
# A step failed.
FAILED = 1
# Settings, paths or files are wrong, and nothing was done.
USAGE_ERROR = 2
# The gate refused the model.
REFUSED = 3
# The data was refused.
DATA_REFUSED = 4
