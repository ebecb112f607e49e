"""
Writes what is handed in, in the shape of the contest's sample file, and where it comes from.

REQUIRES: predictions/{model}/fold{fold}/test.parquet, leaderboard.csv, the sample file,
          evaluation/{model}/decodings.json where thresholds are asked for, and merged.json where
          a merged model is handed in
PROVIDES: submission/submission.csv, submission/provenance.json
"""


rule write_submission:
    input:
        leaderboard=rules.compare_models.output.table if chosen_model == "best" else [],
        predictions=expand(rules.predict_test.output, model=candidates, fold=handed_in_folds),
        weights=expand(rules.predict_test.input.weights, model=candidates, fold=handed_in_folds),
        catalogs=[
            rules.catalog_training_photos.output.catalog,
            rules.catalog_test_photos.output.catalog,
        ],
        classes=rules.catalog_training_photos.output.classes,
        decodings=(
            expand(rules.evaluate_model.output.decodings, model=candidates)
            if config["submission"]["decode"] == "thresholds"
            else []
        ),
        merged=expand(rules.judge_merged.output, model=candidates) if train_on == "merged" else [],
    output:
        submission=f"{results}/submission/submission.csv",
        provenance=f"{results}/submission/provenance.json",
    log:
        f"{results}/logs/write_submission.log",
    conda:
        environment
    params:
        cfg=submission_settings,
        code=code_of("write_submission.py"),
        root=photo_folder,
        leaderboard="--leaderboard" if chosen_model == "best" else "",
    shell:
        "python scripts/write_submission.py --cfg {params.cfg:q} --root {params.root:q}"
        " {params.leaderboard} {input.leaderboard:q} --predictions {input.predictions:q}"
        " --weights {input.weights:q} --decodings {input.decodings:q} --merged {input.merged:q}"
        " --catalogs {input.catalogs:q} --classes {input.classes:q}"
        " --submission {output.submission:q} --provenance {output.provenance:q}"
        " 2>&1 | tee {log:q}"
