#!/bin/sh
# Chooses the Python of the environment, and with it the line of TFX; docs/lines.md compares them.
#
#   ./choose_python.sh UV [PYTHON]
#
# UV is the command of uv, and PYTHON a version or an interpreter. Prints the interpreter; which line
# that is, and why, goes to standard error. The order of choice: PYTHON; the Python of .venv; a
# Python 3.11; a 3.13 or 3.12 where glibc is new enough; a 3.11 that uv downloads into .tools.
# A version in PYTHON that this machine lacks is downloaded, too.
set -eu

uv=$1
wanted=${2:-}
# The wheels of TFX 1.21's data validation and ML Metadata need it.
glibc_needed=2.39
# A download without an answer ends after 10 seconds, and a slow one after 5 minutes.
export UV_HTTP_TIMEOUT=10 UV_HTTP_RETRIES=0
download_seconds=300
downloads=$PWD/.tools/python
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d ' ' -f 2)
too_old="TFX 1.21, for Python 3.12 and 3.13, needs glibc $glibc_needed; this machine has ${glibc:-none}."

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

glibc_is_new() {
  older=$(printf '%s\n' "$glibc_needed" "${glibc:-0}" | sort -V | head -n 1)
  [ "$older" = "$glibc_needed" ]
}

require_new_glibc() {
  glibc_is_new || fail "$too_old" "Use Python 3.11: make setup PYTHON=3.11"
}

# Prints an interpreter of this machine; no environment counts.
find_python() {
  UV_PYTHON_DOWNLOADS=never "$uv" python find --system --no-project "$1" 2>/dev/null
}

# Prints an interpreter that this or an earlier call downloaded.
find_downloaded() {
  UV_PYTHON_INSTALL_DIR=$downloads UV_MANAGED_PYTHON=1 find_python "$1"
}

download() {
  echo "Downloading Python $1 into .tools/python" >&2
  UV_PYTHON_DOWNLOADS=manual timeout "$download_seconds" \
    "$uv" python install --no-bin --install-dir "$downloads" "$1" >&2 &&
    find_downloaded "$1"
}

# Prints an interpreter, and to standard error the line of TFX with the reason; ends the script.
choose() {
  version=$("$1" -c 'import platform; print(platform.python_version())') ||
    fail "$1 does not run; name another Python, such as: make setup PYTHON=3.11"
  case $version in
    3.11.*) line="TFX 1.16 with TensorFlow 2.16" ;;
    3.1[23].*) line="TFX 1.21 with TensorFlow 2.21" && require_new_glibc ;;
    *) fail "$1 is Python $version, and TFX runs on 3.11, 3.12 and 3.13: make setup PYTHON=3.11" ;;
  esac
  echo "$line on Python $version: $2 ($1)" >&2
  echo "$1"
  exit
}

choose_wanted() {
  case $wanted in
    3.11 | 3.11.*) ;;
    3.1[23] | 3.1[23].*) require_new_glibc ;;
    [0-9]*) fail "PYTHON=$wanted: TFX runs on Python 3.11, 3.12 and 3.13" ;;
    *)
      python=$(find_python "$wanted") || fail "PYTHON=$wanted is not a Python of this machine"
      choose "$python" "PYTHON says so" ;;
  esac
  python=$(find_python "$wanted" || find_downloaded "$wanted" || download "$wanted") ||
    fail "PYTHON=$wanted: this machine has no such Python, and it cannot be downloaded"
  choose "$python" "PYTHON says so"
}

[ -z "$wanted" ] || choose_wanted
[ ! -x .venv/bin/python ] || choose "$(readlink -f .venv/bin/python)" "the environment has it"
python=$(find_python 3.11) && choose "$python" "this machine has it"
if glibc_is_new; then
  python=$(find_python 3.13 || find_python 3.12) &&
    choose "$python" "this machine has no Python 3.11, and glibc $glibc"
fi
python=$(find_downloaded 3.11 || download 3.11) &&
  choose "$python" "downloaded, because this machine has no Python for TFX"
fail "This machine has no Python that TFX runs on, and none can be downloaded. Install one of these:" \
  "  Python 3.11          for TFX 1.16; it is the python3 of Debian 12" \
  "  Python 3.12 or 3.13  for TFX 1.21; they are the python3 of Ubuntu 24.04 and of Debian 13" \
  "$too_old" \
  "If one is installed elsewhere: make setup PYTHON=/path/to/python3.11"
