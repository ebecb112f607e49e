"""
Says of each ablation which of its values can be told apart, on the same photos, folds and seeds.

REQUIRES: evaluation/{model}/out_of_fold.parquet of the models of an ablation
PROVIDES: ablations/{ablation}.json
"""


rule judge_ablation:
    input:
        lambda wildcards: expand(
            rules.evaluate_model.output.out_of_fold,
            model=sorted(set(chain(*arms(config, wildcards.ablation).values()))),
        ),
    output:
        f"{results}/ablations/{{ablation}}.json",
    log:
        f"{results}/logs/judge_ablation/{{ablation}}.log",
    conda:
        environment
    params:
        cfg=settings(
            "seed",
            evaluation=evaluation_settings("confidence", "resamples"),
            metric=config["rules"]["metric"],
            key=lambda wildcards: config["ablations"][wildcards.ablation]["key"],
            model=lambda wildcards: config["ablations"][wildcards.ablation]["model"],
            arms=lambda wildcards: list(arms(config, wildcards.ablation).items()),
        ),
        code=code_of("judge_ablation.py"),
    shell:
        "python scripts/judge_ablation.py --cfg {params.cfg:q} --name {wildcards.ablation:q}"
        " --out-of-fold {input:q} --out {output:q} 2>&1 | tee {log:q}"


rule ablations:
    input:
        judged_ablations,
