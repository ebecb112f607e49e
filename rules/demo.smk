"""
Renders the built-in demo: a competition folder in the real layout.

REQUIRES: nothing but the configuration
PROVIDES: {data.root}/train_images.csv, sample_submit.csv, classes.csv, train_images/, test_images/
"""

if demo_files:

    rule make_demo_data:
        output:
            demo_files,
        log:
            f"{results}/logs/make_demo_data.log",
        conda:
            environment
        threads: workflow.cores
        params:
            cfg=settings("seed", **config["demo"]),
            code=code_of("make_demo_data.py"),
            root=photo_folder,
        shell:
            "python scripts/make_demo_data.py --cfg {params.cfg:q} --threads {threads}"
            " --out {params.root:q} 2>&1 | tee {log:q}"
