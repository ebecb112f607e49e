"""
Shows what the leading model goes by, and warns of shortcuts: `snakemake explain_leader`.

REQUIRES: leaderboard.csv, and of all models, as only a run tells which one leads:
          evaluation/{model}/out_of_fold.parquet, models/{model}/fold{fold}/,
          images/{size}/train.parquet
PROVIDES: explanation/: heat_maps.parquet (confident mistakes, and photos that are right),
          shortcuts.json (how much of the heat lies outside of the centre; accuracy with the centre
          of the photos painted over, and with all but the centre)
"""


rule explain_leader:
    input:
        leaderboard=rules.compare_models.output.table,
        predictions=expand(rules.evaluate_model.output.out_of_fold, model=config["models"]),
        weights=expand(
            rules.predict_validation.input.weights,
            model=config["models"],
            fold=train_folds,
        ),
        models=expand(
            rules.predict_validation.input.model,
            model=config["models"],
            fold=train_folds,
        ),
        images=expand(
            f"{results}/images/{{size}}/train.parquet",
            size=sorted({image_size(config, name) for name in config["models"]}),
        ),
    output:
        heat_maps=f"{results}/explanation/heat_maps.parquet",
        shortcuts=f"{results}/explanation/shortcuts.json",
    log:
        f"{results}/logs/explain_leader.log",
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        cfg=settings(
            "seed",
            evaluation=evaluation_settings("confidence", "resamples", "gallery"),
        ),
        code=code_of_networks("explain_leader.py", config["models"]),
    shell:
        "python scripts/explain_leader.py --cfg {params.cfg:q} --leaderboard {input.leaderboard:q}"
        " --out-of-fold {input.predictions:q} --weights {input.weights:q} --images {input.images:q}"
        " --threads {threads} --heat-maps {output.heat_maps:q} --shortcuts {output.shortcuts:q}"
        " 2>&1 | tee {log:q}"
