"""
Divides the training photos into stratified folds; fold 0 of five is the 80/20 split. Duplicates, the
groups that the configuration names and sessions stay together.

REQUIRES: catalog/train.parquet, catalog/classes.csv; duplicates/train.parquet;
          features/{trunk}/{train,test}.parquet; split.file, instead
PROVIDES: split/folds.parquet, split/balance.csv, split/leaks.csv, split/sessions.csv
"""

split = config["split"]
sessions = split["sessions"]
if split["file"] or (sessions == "auto" and not has_test):
    sessions = "none"


rule split_folds:
    input:
        catalog=rules.catalog_training_photos.output.catalog,
        classes=rules.catalog_training_photos.output.classes,
        pairs=rules.find_duplicates.output,
        features=photos_of("train")[2] if sessions != "none" else [],
        test=photos_of("test")[2] if sessions == "auto" else [],
        file=split["file"] or [],
    output:
        folds=f"{results}/split/folds.parquet",
        balance=report(
            f"{results}/split/balance.csv",
            category="Data",
            labels={"table": "classes of each fold"},
        ),
        leaks=report(
            f"{results}/split/leaks.csv",
            category="Data",
            labels={"table": "duplicates that stand in two folds"},
        ),
        sessions=f"{results}/split/sessions.csv",
    log:
        f"{results}/logs/split_folds.log",
    conda:
        environment
    params:
        cfg=settings(
            "seed",
            folds=split["folds"],
            sessions=sessions,
            group_pattern=split["group_pattern"],
            group_duplicates=split["group_duplicates"],
            id_column=config["data"]["id_column"] if split["file"] else None,
        ),
        code=code_of("split_folds.py"),
        content=content_of(split["file"]),
    shell:
        "python scripts/split_folds.py --cfg {params.cfg:q} --catalog {input.catalog:q}"
        " --classes {input.classes:q} --pairs {input.pairs:q} --features {input.features:q}"
        " --test {input.test:q} --file {input.file:q} --out {output.folds:q}"
        " --balance {output.balance:q} --leaks {output.leaks:q} --sessions {output.sessions:q}"
        " 2>&1 | tee {log:q}"
