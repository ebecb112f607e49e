#!/usr/bin/env bash
# Time from the photos of citrus to a submission: with the default baseline, then with a fine-tuning.
# Run it in the environment, from the project's folder: bash benchmarks/five_minutes.sh
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder" results/citrus_in_minutes' EXIT
for model in linear_probe lite0; do
  rm -rf results/citrus_in_minutes
  cat > "$folder/$model.yaml" <<END
competition: citrus_in_minutes
data:
  root: ../shared/data/citrus
  classes: classes.csv
submission:
  model: $model
END
  started=$(date +%s)
  snakemake -j2 submission --configfile "$folder/$model.yaml" --quiet all > "$folder/log" 2>&1 \
    || { cat "$folder/log"; exit 1; }
  echo "$model: $(($(date +%s) - started)) s to $(wc -l < results/citrus_in_minutes/submission/submission.csv) lines"
done
