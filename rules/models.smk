"""
Tells of each model how large it is, what it costs and how long it will train, before it does.

REQUIRES: catalog/classes.csv, trainset/{recipe}/fold{fold}/manifest.parquet of the first trained fold
PROVIDES: models/summary.csv, models/{model}/summary.txt; trials of a sweep are left out
"""


rule summarise_models:
    input:
        classes=rules.catalog_training_photos.output.classes,
        manifests=expand(
            rules.balance_fold.output,
            recipe=learned_recipes,
            fold=train_folds[0],
        ),
    output:
        table=f"{results}/models/summary.csv",
        texts=expand(f"{results}/models/{{model}}/summary.txt", model=sorted(summarised)),
    log:
        f"{results}/logs/summarise_models.log",
    conda:
        environment
    resources:
        gpu=1,
    params:
        cfg=settings(
            models=summary_settings(config, summarised),
            limit=config["rules"]["max_model_mb"],
            handed_in=len(handed_in_folds),
        ),
        code=code_of_networks("summarise_models.py", summarised),
    shell:
        "python scripts/summarise_models.py --cfg {params.cfg:q} --classes {input.classes:q}"
        " --manifests {input.manifests:q} --table {output.table:q} --texts {output.texts:q}"
        " 2>&1 | tee {log:q}"


rule model_summary:
    input:
        rules.summarise_models.output,
