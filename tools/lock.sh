#!/bin/sh
# Resolves pyproject.toml into the two hashed lock files: lock.sh UV
# The output holds no index address and no absolute path.
set -eu

uv=$1
compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras \
        pyproject.toml --extra build "$@"
}

compile -o requirements.lock
compile --extra dev -c requirements.lock -o requirements-dev.lock
