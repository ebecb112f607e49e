"""
Trains a model on a fold; `visualdl --logdir results/{competition}/models` shows the curves live.

REQUIRES: trainset/{recipe}/fold{fold}/images.parquet, images/{size}/train.parquet,
          split/folds.parquet, catalog/classes.csv; for a linear probe features/{trunk}/train.parquet
          alone of the photos; where asked for activations, a teacher's predictions, soft labels,
          pseudo-labels and images/{size}/test.parquet
PROVIDES: models/{model}/fold{fold}/: weights.pdparams, model.json, history.parquet; of a fine-tuning
          also curves.png and visualdl/
"""


rule train_model:
    input:
        trainset=model_input(f"{results}/trainset/{{recipe}}/fold{{fold}}/images.parquet"),
        images=model_input(f"{results}/images/{{size}}/train.parquet"),
        folds=rules.split_folds.output.folds,
        classes=rules.catalog_training_photos.output.classes,
        activations=activations_of_model,
        teacher=teacher_of_model,
        soft_labels=model_setting("soft_labels", or_else=[]),
        pseudo_labels=pseudo_labels_of_model,
        weights=model_setting("weights", or_else=[]),
    output:
        weights=f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{{fold}}/model.json",
        history=f"{results}/models/{{model}}/fold{{fold}}/history.parquet",
        curves=report(
            f"{results}/models/{{model}}/fold{{fold}}/curves.png",
            category="Models",
            labels={"model": "{model}", "figure": "learning curves of fold {fold}"},
        ),
        visualdl=directory(f"{results}/models/{{model}}/fold{{fold}}/visualdl"),
    log:
        f"{results}/logs/train_model/{{model}}-{{fold}}.log",
    benchmark:
        f"{results}/benchmarks/train_model/{{model}}-{{fold}}.tsv"
    wildcard_constraints:
        model=one_of(fine_tuned),
        fold=TRAINED_FOLD,
    conda:
        environment
    threads: model_setting("replicas")
    resources:
        gpu=1,
    params:
        cfg=training_cfg,
        code=code_of_network("train_model.py"),
        content=content_of(model_setting("weights")),
        labels=content_of(model_setting("soft_labels")),
        checkpoints=f"{results}/checkpoints/{{model}}/fold{{fold}}",
        activations=flag("--activations", activations_of_model),
        teacher=flag("--teacher", teacher_of_model),
        soft_labels=flag("--soft-labels", model_setting("soft_labels")),
        pseudo_labels=flag("--pseudo-labels", pseudo_labels_of_model),
    shell:
        "python scripts/train_model.py --cfg {params.cfg:q} --code {params.code:q}"
        " --name '{wildcards.model} fold {wildcards.fold}' --trainset {input.trainset:q}"
        " --images {input.images:q} --folds {input.folds:q} --fold {wildcards.fold}"
        " --classes {input.classes:q} {params.activations} {input.activations:q}"
        " {params.teacher} {input.teacher:q} {params.soft_labels} {input.soft_labels:q}"
        " {params.pseudo_labels} {input.pseudo_labels:q}"
        " --checkpoints {params.checkpoints:q} --weights {output.weights:q}"
        " --model {output.model:q} --history {output.history:q} --curves {output.curves:q}"
        " --visualdl {output.visualdl:q} 2>&1 | tee {log:q}"


rule train_probe:
    input:
        features=lambda wildcards: f"{results}/features/{trunk_of(config, wildcards.model)}/train.parquet",
        folds=rules.split_folds.output.folds,
        classes=rules.catalog_training_photos.output.classes,
        weights=model_setting("weights", or_else=[]),
    output:
        weights=f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{{fold}}/model.json",
        history=f"{results}/models/{{model}}/fold{{fold}}/history.parquet",
    log:
        f"{results}/logs/train_probe/{{model}}-{{fold}}.log",
    benchmark:
        f"{results}/benchmarks/train_probe/{{model}}-{{fold}}.tsv"
    wildcard_constraints:
        model=one_of(probes),
        fold=TRAINED_FOLD,
    conda:
        environment
    resources:
        gpu=1,
    params:
        cfg=training_cfg,
        code=code_of_network("train_probe.py"),
        content=content_of(model_setting("weights")),
    shell:
        "python scripts/train_probe.py --cfg {params.cfg:q}"
        " --name '{wildcards.model} fold {wildcards.fold}' --features {input.features:q}"
        " --folds {input.folds:q} --fold {wildcards.fold} --classes {input.classes:q}"
        " --weights {output.weights:q} --model {output.model:q} --history {output.history:q}"
        " 2>&1 | tee {log:q}"
