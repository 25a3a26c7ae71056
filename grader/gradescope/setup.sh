#!/usr/bin/env bash
# Builds the image: a Python that is new enough, what student code may import, and a sandbox. What is missing fails the
# build by a sentence, here, where the instructor reads it, and not at the first submission.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment="$source/course/.venv-worker"
wanted="@PYTHON@"

stop() {
  echo "setup.sh: $1" >&2
  exit 1
}

is_new_enough() {
  "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))' \
    "$wanted" 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if is_new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

updated=
install() {
  command -v apt-get >/dev/null || return 1
  export DEBIAN_FRONTEND=noninteractive
  [[ $updated ]] || apt-get update -qq >/dev/null 2>&1 || true
  updated=yes
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

if ! find_python >/dev/null; then
  for version in 3.14 3.13 3.12 3.11; do
    if install "python$version" "python$version-venv"; then break; fi
  done
fi
python=$(find_python) || stop "Python $wanted or newer with venv is needed, and this image neither has it nor can \
install it. Next: choose a newer base image (Ubuntu 24.04) in the autograder's settings."

command -v bwrap >/dev/null || install bubblewrap || true

"$python" -m venv --clear "$source/tools" && "$python" -m venv --clear --without-pip "$environment" ||
  stop "$environment cannot be made."
"$source/tools/bin/python" -m pip --quiet --disable-pip-version-check --python "$environment/bin/python" \
  install --require-hashes -r "$source/requirements.txt" ||
  stop "requirements.txt cannot be installed; pip says above why."
rm -rf "$source/tools"
"$environment/bin/python" -m compileall -q "$source/kit" "$source/course" || true
PYTHONPATH="$source/kit" "$environment/bin/python" -P -s -m grader.gradescope.run --look
