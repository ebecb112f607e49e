"""
Lists the photos: extracts archives where the source has any, reads labels and ids, checks every file
and measures what it shows, in one pass.

REQUIRES: the competition's folder or archives (data.root)
PROVIDES: catalog/{train,test}.parquet, catalog/{train,test}_measures.parquet, catalog/classes.csv,
          catalog/{train,test}_problems.csv
"""

source_files = photos_root if archives else demo_files

if archives:

    rule extract_archives:
        input:
            archives,
        output:
            directory(photos_root),
        log:
            f"{results}/logs/extract_archives.log",
        conda:
            environment
        params:
            cfg=settings(
                data=data_settings(
                    "kind",
                    "train_images",
                    "test_images",
                    "labels",
                    "sample_submission",
                    "classes",
                )
            ),
            code=code_of("extract_archives.py"),
            source=extraction_state,
            root=lambda wildcards: config["data"]["root"],
        shell:
            "python scripts/extract_archives.py --cfg {params.cfg:q} --root {params.root:q}"
            " --out {output:q} 2>&1 | tee {log:q}"


rule catalog_training_photos:
    input:
        source_files,
    output:
        catalog=f"{results}/catalog/train.parquet",
        classes=f"{results}/catalog/classes.csv",
        measures=f"{results}/catalog/train_measures.parquet",
        problems=report(
            f"{results}/catalog/train_problems.csv",
            category="Data",
            labels={"table": "problems of the training photos"},
        ),
    log:
        f"{results}/logs/catalog_training_photos.log",
    conda:
        environment
    threads: workflow.cores
    params:
        cfg=settings(
            data=data_settings(
                "on_problem",
                "max_pixels",
                "kind",
                "train_images",
                "labels",
                "id_column",
                "label_column",
                "group_column",
                "classes",
            )
        ),
        code=code_of("build_catalog.py"),
        source=source_state("train"),
        root=photo_folder,
    shell:
        "python scripts/build_catalog.py train --cfg {params.cfg:q} --root {params.root:q}"
        " --threads {threads} --catalog {output.catalog:q} --measures {output.measures:q}"
        " --classes {output.classes:q} --problems {output.problems:q} 2>&1 | tee {log:q}"


rule catalog_test_photos:
    input:
        source_files,
    output:
        catalog=f"{results}/catalog/test.parquet",
        measures=f"{results}/catalog/test_measures.parquet",
        problems=report(
            f"{results}/catalog/test_problems.csv",
            category="Data",
            labels={"table": "problems of the test photos"},
        ),
    log:
        f"{results}/logs/catalog_test_photos.log",
    conda:
        environment
    threads: workflow.cores
    params:
        cfg=settings(
            data=data_settings(
                "on_problem", "max_pixels", "test_images", "sample_submission", "dummy_ids"
            )
        ),
        code=code_of("build_catalog.py"),
        source=source_state("test"),
        root=photo_folder,
    shell:
        "python scripts/build_catalog.py test --cfg {params.cfg:q} --root {params.root:q}"
        " --threads {threads} --catalog {output.catalog:q} --measures {output.measures:q}"
        " --problems {output.problems:q} 2>&1 | tee {log:q}"
