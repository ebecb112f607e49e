"""
Shows what augmentation makes of the photos: copies beside their photos, and the copies that no longer look
like their label to a linear probe.

REQUIRES: trainset/{recipe}/fold{fold}/images.parquet, features/{trunk}/{recipe}-fold{fold}.parquet,
          catalog/classes.csv
PROVIDES: trainset/{recipe}/fold{fold}/: sheet.html and sheet.png; left_label.csv, left_by_operation.csv,
          left_label.html and left_label.png
"""


rule draw_augmentation_sheet:
    input:
        trainset=rules.augment_fold.output,
        classes=rules.catalog_training_photos.output.classes,
        templates=template_files("scripts/augmentation/templates", "scripts/zest/page"),
    output:
        html=report(
            f"{results}/trainset/{{recipe}}/fold{{fold}}/sheet.html",
            category="Augmentation",
            labels={"recipe": "{recipe}", "page": "photos and their copies"},
        ),
        png=report(
            f"{results}/trainset/{{recipe}}/fold{{fold}}/sheet.png",
            category="Augmentation",
            labels={"recipe": "{recipe}", "figure": "photos and their copies"},
        ),
    log:
        f"{results}/logs/draw_augmentation_sheet/{{recipe}}-{{fold}}.log",
    conda:
        environment
    params:
        cfg=settings("competition", "seed", "augmentation"),
        code=code_of("augmentation_sheet.py"),
    shell:
        "python scripts/augmentation_sheet.py --cfg {params.cfg:q} --recipe {wildcards.recipe:q}"
        " --trainset {input.trainset:q} --classes {input.classes:q} --html {output.html:q}"
        " --png {output.png:q} 2>&1 | tee {log:q}"


rule find_left_labels:
    input:
        trainset=rules.augment_fold.output,
        features=f"{results}/features/{trunk_name(EMBEDDING)}/{{recipe}}-fold{{fold}}.parquet",
        classes=rules.catalog_training_photos.output.classes,
        templates=template_files("scripts/augmentation/templates", "scripts/zest/page"),
    output:
        copies=f"{results}/trainset/{{recipe}}/fold{{fold}}/left_label.csv",
        by_operation=f"{results}/trainset/{{recipe}}/fold{{fold}}/left_by_operation.csv",
        html=report(
            f"{results}/trainset/{{recipe}}/fold{{fold}}/left_label.html",
            category="Augmentation",
            labels={"recipe": "{recipe}", "page": "copies that left their label"},
        ),
        png=report(
            f"{results}/trainset/{{recipe}}/fold{{fold}}/left_label.png",
            category="Augmentation",
            labels={"recipe": "{recipe}", "figure": "copies that left their label"},
        ),
    log:
        f"{results}/logs/find_left_labels/{{recipe}}-{{fold}}.log",
    conda:
        environment
    params:
        cfg=settings("competition", operations=recipe_setting("operations")),
        code=code_of("augmentation_guard.py"),
    shell:
        "python scripts/augmentation_guard.py --cfg {params.cfg:q} --recipe {wildcards.recipe:q}"
        " --trainset {input.trainset:q} --features {input.features:q} --classes {input.classes:q}"
        " --copies {output.copies:q} --by-operation {output.by_operation:q} --html {output.html:q}"
        " --png {output.png:q} 2>&1 | tee {log:q}"


rule augmentation_sheet:
    input:
        expand(rules.draw_augmentation_sheet.output, recipe=learned_recipes, fold=train_folds[0]),


rule augmentation_guard:
    input:
        expand(rules.find_left_labels.output, recipe=learned_recipes, fold=train_folds[0]),
