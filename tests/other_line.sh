#!/usr/bin/env bash
# Tests this checkout with another Python, and so on the other line of TFX, in a root of Debian.
#
#   PYTHON=3.13 tests/other_line.sh                   # everything: `make test-line PYTHON=3.13`
#   PYTHON=3.13 TIME_LIMIT=600 tests/other_line.sh    # a selection, for at most 600 s: `.ci/run`
#
# Each Python has the Debian that ships it, because TFX 1.21 needs the glibc of Debian 13. The root of
# that Debian, with the environment in it, stays in ~/.cache/flowers (4 GB). Mounts and processes are
# in namespaces of this script, so that none is left, however it ends.
# Exit codes: 0 passed, 69 nothing could be tested on this machine, others: a stage failed.
set -euo pipefail
cd "$(dirname "$0")/.."

# Without PYTHON, the line that .venv does not have.
case ${PYTHON:=$(.venv/bin/python -V 2> /dev/null || true)} in
  3.11 | "Python 3.12"* | "Python 3.13"*) python=3.11 suite=bookworm ;;
  3.13 | "Python 3.11"* | "") python=3.13 suite=trixie ;;
  *) echo "PYTHON must be 3.11 or 3.13, as in Debian 12 and 13; got $PYTHON." >&2; exit 2 ;;
esac
# What belongs to the caller alone; other variables may be needed, such as those of a proxy.
unset=(INSIDE MAKEFLAGS MAKELEVEL PYTEST_ADDOPTS UV_CACHE_DIR VIRTUAL_ENV XDG_CACHE_HOME)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/flowers
root=$cache/$suite
root_seconds=400

time_left() {
  echo $((${TIME_LIMIT:-86400} - SECONDS))
}

# Runs this script again in namespaces that end with it.
outside() {
  [ "$(id -u)" = 0 ] || unavailable "only root can make a root of Debian"
  [ "$(time_left)" -gt 0 ] || unavailable "no time was left"
  unshare --mount --pid --fork true 2> /dev/null || unavailable "this container allows no mounts"
  trap 'kill -KILL $namespaces 2> /dev/null || true' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  INSIDE=1 setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$0" &
  namespaces=$!
  wait $namespaces
}

inside() {
  mkdir -p "$cache"
  exec 9> "$root.lock"
  flock --nonblock 9 || wait_for_root
  [ -e "$root/checkout/.venv" ] || [ "$(df -Pm "$cache" | awk 'NR == 2 {print $4}')" -ge 7000 ] ||
    unavailable "its root needs 7 GB in $cache"
  [ -d "$root" ] || [ "$(time_left)" -gt $root_seconds ] ||
    unavailable "making a root of Debian may take $root_seconds s, which are not left"
  [ -d "$root" ] || make_root || unavailable "making a root of Debian failed, see $root.log"
  mount_system
  run_in 60 "$root" "pip download --quiet --no-deps --dest /tmp pip" ||
    unavailable "its root does not reach the package index"
  copy_checkout
  run_stages
}

unavailable() {
  echo "Python $python is not tested: $1." >&2
  exit 69
}

wait_for_root() {
  echo "Waiting for another process that uses $root"
  flock --timeout "$(time_left)" 9 || unavailable "another process used $root all the time"
}

make_root() {
  echo "Making a root of Debian in $root"
  rm -rf --one-file-system "$root.part"
  {
    { command -v debootstrap || { apt-get update && apt-get install -y debootstrap; }; } &&
      timeout $root_seconds debootstrap --variant=minbase --include=ca-certificates,git,make,python3-pip \
        "$suite" "$root.part"
  } > "$root.log" 2>&1 && mv "$root.part" "$root"
}

mount_system() {
  mount -t proc proc "$root/proc"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
  ln -sfn pts/ptmx "$root/dev/ptmx"
  mount -t tmpfs tmpfs "$root/dev/shm"
  # What this machine needs to reach the package index.
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || cp -L "$file" "$root$file"
  done
}

# Copies the files that git has or would add, beside the environment of the last time.
copy_checkout() {
  mkdir -p "$root/checkout"
  find "$root/checkout" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .tools -exec rm -rf {} +
  git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard --deduplicate |
    while IFS= read -rd '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from=- | tar --extract --directory "$root/checkout"
}

run_stages() {
  local test='.venv/bin/python -m pytest -q -m "not slow and not long"' epochs=2 left_out=()
  [ -z "${TIME_LIMIT:-}" ] || epochs=1
  stage environment "make setup PYTHON=$python"
  stage imports "$test tests/test_imports.py"
  stage "quickstart, trainer.epochs=$epochs" "rm -rf /tmp/root && .venv/bin/flowers run \
    --config quickstart --root /tmp/root --set trainer.epochs=$epochs --set gate.target=0"
  stage "tests of pipeline, data and TensorFlow Lite" \
    "$test tests/pipeline tests/data tests/components/lite"
  if [ -z "${TIME_LIMIT:-}" ]; then
    stage "tests of components, toy pipeline" "$test tests/components tests/e2e/test_toy.py"
    stage "missing packages" ".venv/bin/python -m pytest -q tests/pipeline/test_graph.py"
    move_a_root
  else
    left_out+=("tests of components, toy pipeline" "missing packages" "a root that moves between the lines")
  fi
  [ ${#left_out[@]} = 0 ] || printf '%s\n' "Not tested with Python $python:" "${left_out[@]/#/  }"
}

# A root has absolute paths, so that its folder needs the same path on both sides.
move_a_root() {
  local moved=$cache/moved name="a root that moves between the lines" place
  if [ ! -e .venv/bin/python ]; then
    left_out+=("$name (make setup makes the environment of this machine)")
    return
  fi
  rm -rf "$moved"
  mkdir -p "$moved" "$root$moved"
  mount --bind "$moved" "$root$moved"
  for place in / "$root" /; do
    stage "$name" ".venv/bin/python -m pytest -q tests/e2e/test_moved_root.py --moved-root='$moved'" \
      "$place"
  done
}

# stage NAME COMMAND [/]: runs a command in the root, or in the checkout of this machine; or notes
# that there is no time left for it.
stage() {
  local left place=${3:-$root} folder=/checkout code=0
  left=$(time_left)
  [ "$place" != / ] || folder=$PWD
  if [ $left -gt 0 ]; then
    echo "== Python $python, after $SECONDS s: $1"
    run_in $left "$place" "cd '$folder' && $2" || code=$?
    [ $code = 124 ] || return $code
  fi
  left_out+=("$1 (no time was left)")
}

# run_in SECONDS ROOT COMMAND
run_in() {
  timeout "$1" chroot "$2" env --default-signal "${unset[@]/#/--unset=}" \
    HOME=/root TMPDIR=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$3"
}

if [ "${INSIDE:-}" ]; then inside; else outside; fi
