"""
Merges the models of the folds into one, where a contest wants one model, and judges the merged one.

REQUIRES: models/{model}/fold{fold}/ of the trained folds, and what they learned from:
          trainset/{recipe}/fold{fold}/images.parquet (of a linear probe nothing);
          predictions/{model}/fold{fold}/test.parquet of the trained folds and of `merged`, or
          {views}/test.parquet beside it where submission.tta asks for views
PROVIDES: models/{model}/foldmerged/: weights.pdparams, model.json; evaluation/{model}/merged.json
"""


rule merge_folds:
    input:
        trained=[f"{results}/models/{{model}}/fold{fold}/weights.pdparams" for fold in train_folds],
        models=[f"{results}/models/{{model}}/fold{fold}/model.json" for fold in train_folds],
        trainsets=trainsets_of_model,
    output:
        weights=f"{results}/models/{{model}}/foldmerged/weights.pdparams",
        model=f"{results}/models/{{model}}/foldmerged/model.json",
    log:
        f"{results}/logs/merge_folds/{{model}}.log",
    benchmark:
        f"{results}/benchmarks/merge_folds/{{model}}.tsv"
    conda:
        environment
    resources:
        gpu=1,
    params:
        code=code_of_network("merge_folds.py"),
    shell:
        "python scripts/merge_folds.py --trained {input.trained:q}"
        " --trainsets {input.trainsets:q}"
        " --weights {output.weights:q} --model {output.model:q} 2>&1 | tee {log:q}"


rule judge_merged:
    input:
        merged=expand(predicted_test, fold="merged", views=handed_in_views, allow_missing=True),
        folds=expand(predicted_test, fold=train_folds, views=handed_in_views, allow_missing=True),
    output:
        f"{results}/evaluation/{{model}}/merged.json",
    log:
        f"{results}/logs/judge_merged/{{model}}.log",
    conda:
        environment
    params:
        cfg=settings(confidence=config["evaluation"]["confidence"]),
        code=code_of("judge_merged.py"),
    shell:
        "python scripts/judge_merged.py --cfg {params.cfg:q} --name {wildcards.model:q}"
        " --merged {input.merged:q} --folds {input.folds:q} --out {output:q} 2>&1 | tee {log:q}"
