"""
Studies the photos through a pretrained network, and reports on them before any training.

REQUIRES: catalog/{train,test}.parquet, catalog/{train,test}_measures.parquet, catalog/classes.csv,
          catalog/{train,test}_problems.csv, features/{trunk}/{train,test}.parquet,
          duplicates/{train,test}.parquet, split/
PROVIDES: eda/report.html, eda/photos.csv, eda/classes.csv, its charts as PNG; eda/shortcuts.csv,
          eda/shift.csv, eda/label_errors.csv, eda/map.csv, eda/estimates.csv
"""


rule study_photos:
    input:
        catalog=rules.catalog_training_photos.output.catalog,
        measures=rules.catalog_training_photos.output.measures,
        features=photos_of("train")[2],
        test=photos_of("test")[2] if has_test else [],
        folds=rules.split_folds.output.folds,
    output:
        shortcuts=report(
            f"{results}/eda/shortcuts.csv",
            category="Data",
            labels={"table": "shortcuts"},
        ),
        shift=f"{results}/eda/shift.csv",
        label_errors=report(
            f"{results}/eda/label_errors.csv",
            category="Data",
            labels={"table": "doubtful labels"},
        ),
        map=f"{results}/eda/map.csv",
        estimates=report(
            f"{results}/eda/estimates.csv",
            category="Data",
            labels={"table": "estimates of the score"},
        ),
    log:
        f"{results}/logs/study_photos.log",
    conda:
        environment
    params:
        cfg=settings("seed", own_folds=config["split"]["file"] is not None),
        code=code_of("study_photos.py"),
    shell:
        "python scripts/study_photos.py --cfg {params.cfg:q} --catalog {input.catalog:q}"
        " --measures {input.measures:q} --features {input.features:q} --test {input.test:q}"
        " --folds {input.folds:q} --shortcuts {output.shortcuts:q} --shift {output.shift:q}"
        " --label-errors {output.label_errors:q} --map {output.map:q}"
        " --estimates {output.estimates:q} 2>&1 | tee {log:q}"


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
        pairs=[
            *rules.find_duplicates.output,
            *(rules.find_test_duplicates.output if has_test else []),
        ],
        study=rules.study_photos.output,
        split=rules.split_folds.output,
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
        cfg=settings("competition", "seed", "eda", train_folds=train_folds),
        code=code_of("eda_report.py"),
    shell:
        "python scripts/eda_report.py --cfg {params.cfg:q} --train {input.train:q}"
        " --test {input.test:q} --classes {input.classes:q} --problems {input.problems:q}"
        " --pairs {input.pairs:q} --study {input.study:q} --split {input.split:q}"
        " --html {output.html:q}"
        " --photos {output.photos:q} --classes-out {output.classes:q}"
        " --chart-classes {output.counts:q} --chart-colour {output.colour:q}"
        " --sheet {output.sheet:q} 2>&1 | tee {log:q}"
