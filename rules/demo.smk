"""
Renders the built-in demo: a competition folder in the real layout.

REQUIRES: nothing but the configuration
PROVIDES: {data.root}/train_images.csv, sample_submit.csv, classes.csv, train_images/, test_images/
"""

demo_files = [
    f"{config['data']['root']}/{name}"
    for name in ("train_images.csv", "sample_submit.csv", "classes.csv")
    if config["data"]["kind"] == "demo"
]

if config["data"]["kind"] == "demo":

    rule make_demo_data:
        output:
            demo_files,
        log:
            f"{results}/logs/make_demo_data.log",
        conda:
            environment
        threads: workflow.cores
        params:
            cfg=settings("demo", "seed"),
            code=code_of("make_demo_data.py"),
            root=config["data"]["root"],
        shell:
            "python scripts/make_demo_data.py --cfg {params.cfg:q} --threads {threads}"
            " --out {params.root:q} 2>&1 | tee {log:q}"
