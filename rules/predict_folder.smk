"""
Grades a folder of new photos: `snakemake predict_folder --config folder=PATH`. Of the exported models it
takes the one that would be handed in; where that is the best one or an ensemble, the best of them. Only
a model that has passed the gate of its deployment grades.

REQUIRES: the folder, deploy/{model}/model.onnx and parity.json, leaderboard.csv to choose by
PROVIDES: graded/{name of the folder}/: predictions.parquet, predictions.csv, problems.csv,
          contact_sheets.html
"""

if config["folder"] is None:

    rule predict_folder:
        input:
            no_folder,

else:
    graded = f"{results}/graded/{new_photos_name}"

    rule predict_folder:
        input:
            models=expand(leaving_model, model=graders),
            parity=expand(rules.check_parity.output, model=graders),
            leaderboard=rules.compare_models.output.table if len(graders) > 1 else [],
            templates=template_files("scripts/grading/templates", "scripts/zest/page"),
        output:
            table=f"{graded}/predictions.parquet",
            csv=f"{graded}/predictions.csv",
            problems=f"{graded}/problems.csv",
            page=report(
                f"{graded}/contact_sheets.html",
                category="Graded photos",
                labels={"folder": new_photos_name},
            ),
        log:
            f"{results}/logs/predict_folder/{new_photos_name}.log",
        conda:
            deploy_environment
        threads: workflow.cores
        params:
            cfg=settings("competition", data=data_settings("max_pixels")),
            code=code_of("predict_folder.py"),
            source=new_photos_state,
            folder=str(new_photos),
            chunks=f"{results}/checkpoints/graded/{new_photos_name}",
            leaderboard="--leaderboard" if len(graders) > 1 else "",
        shell:
            "python scripts/predict_folder.py --cfg {params.cfg:q} --code {params.code:q}"
            " --source {params.source:q} --folder {params.folder:q} --models {input.models:q}"
            " {params.leaderboard} {input.leaderboard:q} --threads {threads}"
            " --chunks {params.chunks:q} --table {output.table:q} --csv {output.csv:q}"
            " --problems {output.problems:q} --page {output.page:q} 2>&1 | tee {log:q}"
