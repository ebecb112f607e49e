"""
Tells of each model how large it is, what it costs and how long it will train, before it does.

REQUIRES: catalog/classes.csv, trainset/{recipe}/fold{fold}/manifest.parquet of the first trained fold
PROVIDES: models/summary.csv, models/{model}/summary.txt; trials of a sweep are left out
"""

summarised = [name for name in config["models"] if "=" not in name]


def summary_settings(wildcards):
    """The settings that a model is built from, and that say how long it trains."""
    keys = [
        "architecture",
        "dropout",
        "drop_path",
        "method",
        "recipe",
        "epochs",
        "phases",
        "frozen",
    ]
    keys += ["cache_frozen", "batch_size", "replicas"]
    return {
        name: {
            **{key: config["models"][name][key] for key in keys},
            "image_size": image_size(config, name),
        }
        for name in sorted(summarised)
    }


def summary_code(wildcards):
    """The fingerprint of the script, and of the networks that are not part of this project."""
    own = [source_digest(config["models"][name]["architecture"]) for name in summarised]
    return "-".join([code_base.fingerprint("summarise_models.py"), *filter(None, own)])


rule summarise_models:
    input:
        classes=rules.catalog_training_photos.output.classes,
        manifests=expand(
            rules.balance_fold.output,
            recipe=sorted(
                {config["models"][name]["recipe"] for name in summarised if name in fine_tuned}
            ),
            fold=train_folds[0],
        ),
    output:
        table=f"{results}/models/summary.csv",
        texts=expand(f"{results}/models/{{model}}/summary.txt", model=sorted(summarised)),
    log:
        f"{results}/logs/summarise_models.log",
    conda:
        environment
    params:
        cfg=settings(
            models=summary_settings,
            limit=config["rules"]["max_model_mb"],
            handed_in=len(handed_in_folds),
        ),
        code=summary_code,
    shell:
        "python scripts/summarise_models.py --cfg {params.cfg:q} --classes {input.classes:q}"
        " --manifests {input.manifests:q} --table {output.table:q} --texts {output.texts:q}"
        " 2>&1 | tee {log:q}"
