"""
Decodes and resizes the photos once for each input size, for validation and prediction.

REQUIRES: catalog/{part}.parquet, the photos
PROVIDES: images/{size}/{part}.parquet
"""


rule prepare_images:
    input:
        catalog=f"{results}/catalog/{{part}}.parquet",
    output:
        f"{results}/images/{{size}}/{{part}}.parquet",
    log:
        f"{results}/logs/prepare_images/{{size}}-{{part}}.log",
    conda:
        environment
    threads: workflow.cores
    params:
        cfg=settings(size=lambda wildcards: int(wildcards.size), fit=config["images"]["fit"]),
        code=code_of("prepare_images.py"),
        root=photo_folder,
    shell:
        "python scripts/prepare_images.py --cfg {params.cfg:q} --catalog {input.catalog:q}"
        " --root {params.root:q} --threads {threads} --out {output:q} 2>&1 | tee {log:q}"
