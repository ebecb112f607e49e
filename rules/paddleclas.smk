"""
Exports the split of a fold as the list files that PaddleClas trains from; `data.kind: lists` reads them
again.

REQUIRES: catalog/train.parquet, catalog/classes.csv, split/folds.parquet
PROVIDES: paddleclas/fold{fold}/: train_list.txt, val_list.txt and label_list.txt; the paths in them are
          relative to the competition's folder
"""


rule export_paddleclas_lists:
    input:
        catalog=rules.catalog_training_photos.output.catalog,
        classes=rules.catalog_training_photos.output.classes,
        folds=rules.split_folds.output.folds,
    output:
        train=f"{results}/paddleclas/fold{{fold}}/train_list.txt",
        validation=f"{results}/paddleclas/fold{{fold}}/val_list.txt",
        labels=f"{results}/paddleclas/fold{{fold}}/label_list.txt",
    log:
        f"{results}/logs/export_paddleclas_lists/{{fold}}.log",
    wildcard_constraints:
        fold=r"\d+",
    conda:
        environment
    params:
        code=code_of("export_paddleclas_lists.py"),
    shell:
        "python scripts/export_paddleclas_lists.py --catalog {input.catalog:q}"
        " --classes {input.classes:q} --folds {input.folds:q} --fold {wildcards.fold}"
        " --train {output.train:q} --validation {output.validation:q} --labels {output.labels:q}"
        " 2>&1 | tee {log:q}"


rule paddleclas_lists:
    input:
        expand(rules.export_paddleclas_lists.output, fold=train_folds),
