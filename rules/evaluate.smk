"""
Scores each model on validation photos only, and ranks the models. Says what test-time augmentation would
gain, where it is asked for.

REQUIRES: predictions/{model}/fold{fold}/val.parquet of the trained folds, and {views}/val.parquet beside
          it for test-time augmentation, split/folds.parquet, catalog/classes.csv
PROVIDES: evaluation/{model}/: out_of_fold.parquet, scores.json, per_class.csv,
          confusion_matrix.csv, confusion_matrix.png, calibration.json, reliability.png,
          decodings.json, and tta.json where asked for; leaderboard.csv, .json and .html
"""


rule evaluate_model:
    input:
        predictions=[
            f"{results}/predictions/{{model}}/fold{fold}/val.parquet" for fold in train_folds
        ],
        folds=rules.split_folds.output.folds,
        classes=rules.catalog_training_photos.output.classes,
    output:
        out_of_fold=f"{results}/evaluation/{{model}}/out_of_fold.parquet",
        scores=f"{results}/evaluation/{{model}}/scores.json",
        per_class=f"{results}/evaluation/{{model}}/per_class.csv",
        confusion=f"{results}/evaluation/{{model}}/confusion_matrix.csv",
        calibration=f"{results}/evaluation/{{model}}/calibration.json",
        decodings=f"{results}/evaluation/{{model}}/decodings.json",
        reliability=report(
            f"{results}/evaluation/{{model}}/reliability.png",
            category="Models",
            labels={"model": "{model}", "figure": "reliability"},
        ),
        figure=report(
            f"{results}/evaluation/{{model}}/confusion_matrix.png",
            category="Models",
            labels={"model": "{model}", "figure": "confusion matrix"},
        ),
    log:
        f"{results}/logs/evaluate_model/{{model}}.log",
    conda:
        environment
    params:
        cfg=settings(
            "seed",
            evaluation=evaluation_settings("confidence", "resamples", "top_k"),
            classes_ordered=config["rules"]["classes_ordered"],
        ),
        code=code_of("evaluate_model.py"),
    shell:
        "python scripts/evaluate_model.py --cfg {params.cfg:q} --name {wildcards.model:q}"
        " --predictions {input.predictions:q} --folds {input.folds:q} --classes {input.classes:q}"
        " --out-of-fold {output.out_of_fold:q} --scores {output.scores:q}"
        " --per-class {output.per_class:q} --confusion {output.confusion:q}"
        " --calibration {output.calibration:q} --decodings {output.decodings:q}"
        " --reliability {output.reliability:q} --figure {output.figure:q} 2>&1 | tee {log:q}"


rule compare_models:
    input:
        scores=expand(rules.evaluate_model.output.scores, model=config["models"]),
        predictions=expand(rules.evaluate_model.output.out_of_fold, model=config["models"]),
        templates=template_files("scripts/leaderboard", "scripts/zest/page"),
    output:
        table=f"{results}/leaderboard.csv",
        comparisons=f"{results}/leaderboard.json",
        page=report(
            f"{results}/leaderboard.html",
            category="Models",
            labels={"figure": "leaderboard"},
        ),
    log:
        f"{results}/logs/compare_models.log",
    conda:
        environment
    params:
        cfg=settings(
            "competition",
            "seed",
            folds=config["split"]["folds"],
            evaluation=evaluation_settings("confidence", "resamples"),
            metric=config["rules"]["metric"],
        ),
        code=code_of("compare_models.py"),
    shell:
        "python scripts/compare_models.py --cfg {params.cfg:q} --scores {input.scores:q}"
        " --out-of-fold {input.predictions:q}"
        " --table {output.table:q} --page {output.page:q} --comparisons {output.comparisons:q}"
        " 2>&1 | tee {log:q}"


rule judge_tta:
    input:
        out_of_fold=rules.evaluate_model.output.out_of_fold,
        predictions=predictions_by_views,
    output:
        f"{results}/evaluation/{{model}}/tta.json",
    log:
        f"{results}/logs/judge_tta/{{model}}.log",
    conda:
        environment
    params:
        cfg=settings(
            "seed",
            evaluation=evaluation_settings("confidence", "resamples"),
            metric=config["rules"]["metric"],
        ),
        code=code_of("judge_tta.py"),
    shell:
        "python scripts/judge_tta.py --cfg {params.cfg:q} --name {wildcards.model:q}"
        " --out-of-fold {input.out_of_fold:q} --predictions {input.predictions:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule tta:
    input:
        expand(rules.judge_tta.output, model=config["models"]),
