"""
Computes what frozen layers make of each image, once: for linear probes, and for trainings from there.

REQUIRES: images/{size}/{train,test}.parquet; trainset/{recipe}/fold{fold}/images.parquet
PROVIDES: features/{trunk}/{train,test}.parquet, features/{trunk}/{recipe}-fold{fold}.parquet
"""


rule extract_features:
    input:
        images=images_of_trunk,
        weights=lambda wildcards: trunks[wildcards.trunk]["weights"] or [],
    output:
        f"{results}/features/{{trunk}}/{{part}}.parquet",
    log:
        f"{results}/logs/extract_features/{{trunk}}-{{part}}.log",
    benchmark:
        f"{results}/benchmarks/extract_features/{{trunk}}-{{part}}.tsv"
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        cfg=lambda wildcards: canonical(trunks[wildcards.trunk]),
        code=code_of_network("extract_features.py"),
        content=content_of(lambda wildcards: trunks[wildcards.trunk]["weights"]),
    shell:
        "python scripts/extract_features.py --cfg {params.cfg:q} --images {input.images:q}"
        " --threads {threads} --out {output:q} 2>&1 | tee {log:q}"


use rule extract_features as extract_training_features with:
    input:
        images=f"{results}/trainset/{{recipe}}/fold{{fold}}/images.parquet",
        weights=lambda wildcards: trunks[wildcards.trunk]["weights"] or [],
    output:
        f"{results}/features/{{trunk}}/{{recipe}}-fold{{fold}}.parquet",
    log:
        f"{results}/logs/extract_features/{{trunk}}-{{recipe}}-{{fold}}.log",
    benchmark:
        f"{results}/benchmarks/extract_features/{{trunk}}-{{recipe}}-{{fold}}.tsv"
