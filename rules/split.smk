"""
Divides the training photos into stratified folds; fold 0 of five is the 80/20 split.

REQUIRES: catalog/train.parquet, catalog/classes.csv
PROVIDES: split/folds.parquet
"""


rule split_folds:
    input:
        catalog=rules.catalog_training_photos.output.catalog,
        classes=rules.catalog_training_photos.output.classes,
    output:
        f"{results}/split/folds.parquet",
    log:
        f"{results}/logs/split_folds.log",
    conda:
        environment
    params:
        cfg=settings("seed", folds=config["split"]["folds"]),
        code=code_of("split_folds.py"),
    shell:
        "python scripts/split_folds.py --cfg {params.cfg:q} --catalog {input.catalog:q}"
        " --classes {input.classes:q} --out {output:q} 2>&1 | tee {log:q}"
