"""
Predicts class probabilities: of the validation photos of a fold (val), of the test photos (test), or of
a training set, for a student that learns from this model. With test-time augmentation the probabilities
are the mean of those of several views of a photo.

REQUIRES: models/{model}/fold{fold}/, images/{size}/{train,test}.parquet, split/folds.parquet
PROVIDES: predictions/{model}/fold{fold}/{val,test}.parquet and trainset_{recipe}.parquet, and by views
          predictions/{model}/fold{fold}/{views}/{val,test}.parquet; predicted_test, which of the
          test photos is handed in
"""


rule predict_validation:
    input:
        weights=f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{{fold}}/model.json",
        images=model_input(f"{results}/images/{{size}}/train.parquet"),
        folds=rules.split_folds.output.folds,
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/val.parquet",
    log:
        f"{results}/logs/predict_validation/{{model}}-{{fold}}.log",
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        code=code_of_network("predict.py"),
        views="",
    shell:
        "python scripts/predict.py --weights {input.weights:q} --images {input.images:q}"
        " --folds {input.folds:q} --fold {wildcards.fold} {params.views} --threads {threads}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule predict_test:
    input:
        weights=f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{{fold}}/model.json",
        images=model_input(f"{results}/images/{{size}}/test.parquet"),
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/test.parquet",
    log:
        f"{results}/logs/predict_test/{{model}}-{{fold}}.log",
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        code=code_of_network("predict.py"),
        views="",
    shell:
        "python scripts/predict.py --weights {input.weights:q} --images {input.images:q}"
        " --fold {wildcards.fold} {params.views} --threads {threads} --out {output:q}"
        " 2>&1 | tee {log:q}"


use rule predict_test as predict_trainset with:
    input:
        weights=f"{results}/models/{{model}}/fold{{fold}}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{{fold}}/model.json",
        images=f"{results}/trainset/{{recipe}}/fold{{fold}}/images.parquet",
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/trainset_{{recipe}}.parquet",
    log:
        f"{results}/logs/predict_trainset/{{model}}-{{recipe}}-{{fold}}.log",


use rule predict_validation as predict_validation_views with:
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/{{views}}/val.parquet",
    log:
        f"{results}/logs/predict_validation/{{model}}-{{fold}}-{{views}}.log",
    params:
        views="--views {views}",


use rule predict_test as predict_test_views with:
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/{{views}}/test.parquet",
    log:
        f"{results}/logs/predict_test/{{model}}-{{fold}}-{{views}}.log",
    params:
        views="--views {views}",


predicted_test = rules.predict_test_views.output if handed_in_views else rules.predict_test.output
