"""
Predicts class probabilities: of the validation photos of a fold (val), or of the test photos (test).

REQUIRES: models/{model}/fold{fold}/, images/{size}/{train,test}.parquet, split/folds.parquet
PROVIDES: predictions/{model}/fold{fold}/{val,test}.parquet
"""


rule predict_validation:
    input:
        weights=rules.train_model.output.weights,
        model=rules.train_model.output.model,
        images=model_input(f"{results}/images/{{size}}/train.parquet"),
        folds=rules.split_folds.output,
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/val.parquet",
    log:
        f"{results}/logs/predict_validation/{{model}}-{{fold}}.log",
    conda:
        environment
    params:
        code=code_of("predict.py"),
    shell:
        "python scripts/predict.py --weights {input.weights:q} --model {input.model:q}"
        " --images {input.images:q} --folds {input.folds:q} --fold {wildcards.fold}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule predict_test:
    input:
        weights=rules.train_model.output.weights,
        model=rules.train_model.output.model,
        images=model_input(f"{results}/images/{{size}}/test.parquet"),
    output:
        f"{results}/predictions/{{model}}/fold{{fold}}/test.parquet",
    log:
        f"{results}/logs/predict_test/{{model}}-{{fold}}.log",
    conda:
        environment
    params:
        code=code_of("predict.py"),
    shell:
        "python scripts/predict.py --weights {input.weights:q} --model {input.model:q}"
        " --images {input.images:q} --fold {wildcards.fold} --out {output:q} 2>&1 | tee {log:q}"
