"""
Finds a learning rate for each fine-tuned model: `snakemake find_learning_rate`.

REQUIRES: what train_model reads for the first trained fold, but for soft labels, a teacher and
          pseudo-labels
PROVIDES: learning_rate/{model}.csv and {model}.png
"""


rule test_learning_rates:
    input:
        trainset=model_input(f"{results}/trainset/{{recipe}}/fold{train_folds[0]}/images.parquet"),
        images=model_input(f"{results}/images/{{size}}/train.parquet"),
        folds=rules.split_folds.output.folds,
        classes=rules.catalog_training_photos.output.classes,
        weights=model_setting("weights", or_else=[]),
    output:
        table=f"{results}/learning_rate/{{model}}.csv",
        figure=report(
            f"{results}/learning_rate/{{model}}.png",
            category="Models",
            labels={"model": "{model}", "figure": "learning rates"},
        ),
    log:
        f"{results}/logs/test_learning_rates/{{model}}.log",
    wildcard_constraints:
        model=one_of(fine_tuned),
    conda:
        environment
    resources:
        gpu=1,
    params:
        cfg=training_cfg,
        code=code_of_network("find_learning_rate.py"),
        content=content_of(model_setting("weights")),
        fold=train_folds[0],
    shell:
        "python scripts/find_learning_rate.py --cfg {params.cfg:q} --name {wildcards.model:q}"
        " --trainset {input.trainset:q} --images {input.images:q} --folds {input.folds:q}"
        " --fold {params.fold} --classes {input.classes:q} --table {output.table:q}"
        " --figure {output.figure:q} 2>&1 | tee {log:q}"


rule find_learning_rate:
    input:
        expand(
            rules.test_learning_rates.output,
            model=[name for name in summarised if name in fine_tuned],
        ),
