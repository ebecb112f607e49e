"""
Weighs models whose probabilities are averaged, and measures what that gains over the best of them.

REQUIRES: evaluation/{model}/out_of_fold.parquet of the models of the ensemble
PROVIDES: ensemble/ensemble.json
"""


rule fit_ensemble:
    input:
        expand(rules.evaluate_model.output.out_of_fold, model=ensemble_models),
    output:
        f"{results}/ensemble/ensemble.json",
    log:
        f"{results}/logs/fit_ensemble.log",
    conda:
        environment
    params:
        cfg=settings(
            "seed",
            evaluation=evaluation_settings("confidence", "resamples"),
            metric=config["rules"]["metric"],
        ),
        code=code_of("fit_ensemble.py"),
    shell:
        "python scripts/fit_ensemble.py --cfg {params.cfg:q} --out-of-fold {input:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule ensemble:
    input:
        fitted_ensemble,
