"""
Finds photos that are the same: exact and near-duplicates, for the split and for the report.

REQUIRES: catalog/{part}.parquet, catalog/{part}_measures.parquet, features/{trunk}/{part}.parquet
PROVIDES: duplicates/train.parquet, the pairs of training photos; duplicates/test.parquet, those of
          which one photo at least is a test photo
"""


rule find_duplicates:
    input:
        train=photos_of("train"),
    output:
        f"{results}/duplicates/train.parquet",
    log:
        f"{results}/logs/find_duplicates/train.log",
    conda:
        environment
    params:
        cfg=settings("duplicates"),
        code=code_of("find_duplicates.py"),
    shell:
        "python scripts/find_duplicates.py --cfg {params.cfg:q} --train {input.train:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule find_test_duplicates:
    input:
        train=photos_of("train"),
        test=photos_of("test"),
    output:
        f"{results}/duplicates/test.parquet",
    log:
        f"{results}/logs/find_duplicates/test.log",
    conda:
        environment
    params:
        cfg=settings("duplicates"),
        code=code_of("find_duplicates.py"),
    shell:
        "python scripts/find_duplicates.py --cfg {params.cfg:q} --train {input.train:q}"
        " --test {input.test:q} --out {output:q} 2>&1 | tee {log:q}"
