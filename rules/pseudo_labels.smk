"""
Labels the test photos that the teacher of a model is sure of, for the model to learn from; those that are
duplicates of validation photos of the fold, or of their groups by `split.group_pattern`, are left out.

REQUIRES: predictions/{teacher}/fold{fold}/test.parquet, catalog/{train,test}.parquet,
          catalog/classes.csv, split/folds.parquet, duplicates/test.parquet
PROVIDES: pseudo_labels/{model}/fold{fold}.parquet
"""

labelling = {
    name: model["pseudo_labels"]
    for name, model in config["models"].items()
    if model["pseudo_labels"]
}


rule label_test_photos:
    input:
        predictions=lambda wildcards: expand(
            f"{results}/predictions/{{teacher}}/fold{{fold}}/test.parquet",
            teacher=labelling[wildcards.model]["teacher"],
            fold=wildcards.fold,
        ),
        catalogs=[
            rules.catalog_training_photos.output.catalog,
            rules.catalog_test_photos.output.catalog,
        ],
        classes=rules.catalog_training_photos.output.classes,
        folds=rules.split_folds.output.folds,
        pairs=rules.find_test_duplicates.output,
    output:
        f"{results}/pseudo_labels/{{model}}/fold{{fold}}.parquet",
    log:
        f"{results}/logs/label_test_photos/{{model}}-{{fold}}.log",
    wildcard_constraints:
        model=one_of(labelling),
    conda:
        environment
    params:
        cfg=settings(
            group_pattern=split["group_pattern"],
            min_probability=lambda wildcards: labelling[wildcards.model]["min_probability"],
        ),
        code=code_of("label_test_photos.py"),
    shell:
        "python scripts/label_test_photos.py --cfg {params.cfg:q}"
        " --name '{wildcards.model} fold {wildcards.fold}' --predictions {input.predictions:q}"
        " --catalogs {input.catalogs:q} --classes {input.classes:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} --pairs {input.pairs:q} --out {output:q} 2>&1 | tee {log:q}"
