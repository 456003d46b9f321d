#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment, and compares two designs with it, away from the repository.
set -euo pipefail
repository="$(cd "$(dirname "$0")/.." && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir . "$repository"
env/bin/python -m pip install --quiet --disable-pip-version-check ./syncproof-*.whl
env/bin/syncproof compare commute --design inbox-store-first --design timeline-notify --runs 1 --out out
for file in report.html report.md results.json run.json; do
  test -s "out/$file" || { echo "syncproof compare wrote no $file" >&2; exit 1; }
done
