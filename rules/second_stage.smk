"""
Predicts the photos of a contest's second stage with the very models of the submission.

REQUIRES: submission/provenance.json and the weights that it names; the folder second_stage.root
PROVIDES: second_stage/submission.csv, second_stage/provenance.json; second_stage/catalog.parquet,
          second_stage/measures.parquet, second_stage/problems.csv
"""


use rule catalog_test_photos as catalog_second_stage_photos with:
    input:
        [],
    output:
        catalog=f"{results}/second_stage/catalog.parquet",
        measures=f"{results}/second_stage/measures.parquet",
        problems=f"{results}/second_stage/problems.csv",
    log:
        f"{results}/logs/catalog_second_stage_photos.log",
    params:
        cfg=settings(
            data={
                key: second_stage_data[key]
                for key in (
                    *("on_problem", "max_pixels", "test_images", "sample_submission"),
                    "dummy_ids",
                )
            }
        ),
        code=code_of("build_catalog.py"),
        source=second_stage_state,
        root=lambda wildcards: second_stage_data["root"],


# The first stage is no input: nothing of it may be made again, or it would be another model.
rule write_second_stage:
    input:
        rules.catalog_second_stage_photos.output.catalog,
    output:
        submission=f"{results}/second_stage/submission.csv",
        provenance=f"{results}/second_stage/provenance.json",
    log:
        f"{results}/logs/write_second_stage.log",
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        cfg=settings(
            config=submission_settings(config),
            second_stage={
                key: second_stage_data[key] for key in ("sample_submission", "dummy_ids", "values")
            },
        ),
        code=code_of("write_second_stage.py"),
        content=first_stage_state,
        first=f"{results}/submission/provenance.json",
        root=lambda wildcards: second_stage_data["root"],
    shell:
        "python scripts/write_second_stage.py --cfg {params.cfg:q} --first {params.first:q}"
        " --catalog {input:q} --root {params.root:q} --threads {threads}"
        " --submission {output.submission:q} --provenance {output.provenance:q} 2>&1 | tee {log:q}"


rule second_stage:
    input:
        rules.write_second_stage.output,
