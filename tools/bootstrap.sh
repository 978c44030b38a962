#!/bin/sh
# Creates .venv and installs a hashed lock file and this project into it: bootstrap.sh LOCKFILE
# Uses uv where it is on the PATH (faster), else the venv's own pip. PYTHON=... chooses the interpreter.
set -eu

lock=$1

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "parkdispatch needs Python 3.11 or newer; none was found (PYTHON=/path/to/python make ... names one)" >&2
    exit 2
}

if ! is_new_enough .venv/bin/python; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        echo "this Python has no venv module; on Debian: apt-get install python3-venv" >&2
        exit 2
    fi
    echo "creating .venv with $("$python" --version)" >&2
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "installing $lock (the first time takes a minute)" >&2
if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock"
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi

echo "compiling the solvers and the simulation (once)" >&2
.venv/bin/python -m solver.warm
.venv/bin/python -m simulations.warm
