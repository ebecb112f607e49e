"""
Trains a model on a fold; `visualdl --logdir results/{competition}/models` shows the curves live.

REQUIRES: trainset/{recipe}/fold{fold}/images.parquet, images/{size}/train.parquet,
          split/folds.parquet, catalog/classes.csv
PROVIDES: models/{model}/fold{fold}/: weights.pdparams, model.json, history.parquet, visualdl/
"""


rule train_model:
    input:
        trainset=model_input(f"{results}/trainset/{{recipe}}/fold{{fold}}/images.parquet"),
        images=model_input(f"{results}/images/{{size}}/train.parquet"),
        folds=rules.split_folds.output,
        classes=rules.catalog_training_photos.output.classes,
    output:
        weights=f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{{fold}}/model.json",
        history=f"{results}/models/{{model}}/fold{{fold}}/history.parquet",
        visualdl=directory(f"{results}/models/{{model}}/fold{{fold}}/visualdl"),
    log:
        f"{results}/logs/train_model/{{model}}-{{fold}}.log",
    benchmark:
        f"{results}/benchmarks/train_model/{{model}}-{{fold}}.tsv"
    conda:
        environment
    params:
        cfg=training_settings,
        code=code_of("train_model.py"),
    shell:
        "python scripts/train_model.py --cfg {params.cfg:q} --name '{wildcards.model} fold {wildcards.fold}'"
        " --trainset {input.trainset:q} --images {input.images:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} --classes {input.classes:q} --weights {output.weights:q}"
        " --model {output.model:q} --history {output.history:q} --visualdl {output.visualdl:q}"
        " 2>&1 | tee {log:q}"
