"""
Measures what each model has cost in training and costs in use; nothing else depends on these times.

REQUIRES: models/{model}/fold{fold}/ of all models and trained folds
PROVIDES: costs.csv
"""


rule measure_costs:
    input:
        weights=expand(
            f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
            model=config["models"],
            fold=train_folds,
        ),
        histories=expand(
            f"{results}/models/{{model}}/fold{{fold}}/history.parquet",
            model=config["models"],
            fold=train_folds,
        ),
    output:
        f"{results}/costs.csv",
    log:
        f"{results}/logs/measure_costs.log",
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        code=code_of("measure_costs.py"),
    shell:
        "python scripts/measure_costs.py --weights {input.weights:q} --table {output:q}"
        " 2>&1 | tee {log:q}"
