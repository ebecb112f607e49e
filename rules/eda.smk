"""
Reports on the photos before any training.

REQUIRES: catalog/{train,test}.parquet, catalog/{train,test}_measures.parquet, catalog/classes.csv,
          catalog/{train,test}_problems.csv
PROVIDES: eda/report.html, eda/photos.csv, eda/classes.csv, and its charts as PNG
"""


rule eda_report:
    input:
        train=[
            rules.catalog_training_photos.output.catalog,
            rules.catalog_training_photos.output.measures,
        ],
        test=(
            [
                rules.catalog_test_photos.output.catalog,
                rules.catalog_test_photos.output.measures,
            ]
            if has_test
            else []
        ),
        classes=rules.catalog_training_photos.output.classes,
        problems=[
            rules.catalog_training_photos.output.problems,
            *([rules.catalog_test_photos.output.problems] if has_test else []),
        ],
        templates=template_files("scripts/eda/templates", "scripts/zest/page"),
    output:
        html=report(f"{results}/eda/report.html", category="Data", labels={"page": "photos"}),
        photos=f"{results}/eda/photos.csv",
        classes=f"{results}/eda/classes.csv",
        counts=report(
            f"{results}/eda/class_counts.png",
            category="Data",
            labels={"figure": "classes"},
        ),
        colour=report(
            f"{results}/eda/colour_by_class.png",
            category="Data",
            labels={"figure": "colour"},
        ),
        sheet=report(
            f"{results}/eda/samples.png",
            category="Data",
            labels={"figure": "sample photos"},
        ),
    log:
        f"{results}/logs/eda_report.log",
    conda:
        environment
    params:
        cfg=settings("competition", "seed", "eda"),
        code=code_of("eda_report.py"),
    shell:
        "python scripts/eda_report.py --cfg {params.cfg:q} --train {input.train:q}"
        " --test {input.test:q} --classes {input.classes:q} --problems {input.problems:q}"
        " --html {output.html:q}"
        " --photos {output.photos:q} --classes-out {output.classes:q}"
        " --chart-classes {output.counts:q} --chart-colour {output.colour:q}"
        " --sheet {output.sheet:q} 2>&1 | tee {log:q}"
