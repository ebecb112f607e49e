#!/usr/bin/env bash
# Time `make submission` in a fresh clone of this repository's last commit, the install included.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet "$project" "$folder/zest"
cd "$folder/zest"
time make submission
head -3 results/demo/submission/submission.csv
