"""
Makes the training set of a recipe for a fold: balances the classes, then augments the extra copies, and
mixes some of them with other photos of it where the recipe says so.

REQUIRES: split/folds.parquet, catalog/train.parquet, the training photos
PROVIDES: trainset/{recipe}/fold{fold}/manifest.parquet and images.parquet
"""


rule balance_fold:
    input:
        folds=rules.split_folds.output.folds,
    output:
        f"{results}/trainset/{{recipe}}/fold{{fold}}/manifest.parquet",
    log:
        f"{results}/logs/balance_fold/{{recipe}}-{{fold}}.log",
    conda:
        environment
    params:
        cfg=settings(
            "seed",
            balance=recipe_setting("balance"),
            copies=recipe_setting("copies"),
        ),
        code=code_of("balance_fold.py"),
    shell:
        "python scripts/balance_fold.py --cfg {params.cfg:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} --out {output:q} 2>&1 | tee {log:q}"


rule augment_fold:
    input:
        manifest=rules.balance_fold.output,
        catalog=rules.catalog_training_photos.output.catalog,
        folds=rules.split_folds.output.folds,
    output:
        f"{results}/trainset/{{recipe}}/fold{{fold}}/images.parquet",
    log:
        f"{results}/logs/augment_fold/{{recipe}}-{{fold}}.log",
    conda:
        environment
    threads: workflow.cores
    params:
        cfg=settings(
            operations=recipe_setting("operations"),
            fill=recipe_setting("fill"),
            image_size=recipe_setting("image_size"),
            mix=recipe_setting("mix"),
            fit=config["images"]["fit"],
        ),
        code=code_of("augment_fold.py"),
        root=photo_folder,
    shell:
        "python scripts/augment_fold.py --cfg {params.cfg:q} --manifest {input.manifest:q}"
        " --catalog {input.catalog:q} --folds {input.folds:q} --fold {wildcards.fold}"
        " --root {params.root:q} --threads {threads} --out {output:q} 2>&1 | tee {log:q}"
