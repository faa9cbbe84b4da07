"""Names of the files and folders under a root, the folder that `--root` names."""

METADATA_FILE = "metadata.sqlite"
LOCK_FILE = ".lock"
# Beside the lock, because taking a lock empties the lock file.
OWNER_FILE = ".lock.json"
# A root may be any folder of the user's, so the name must be one that nobody else gives.
TEMPORARY_FOLDER = ".flowers-tmp"
SERVING_FOLDER = "serving"
CHECKPOINTS_FOLDER = "checkpoints"
ARTIFACTS_FOLDER = "artifacts"
HISTORY_FOLDER = "history"
