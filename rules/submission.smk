"""
Writes what is handed in, in the shape of the contest's sample file, and where it comes from; proves
that it comes from there.

REQUIRES: predictions/{model}/fold{fold}/test.parquet, or {views}/test.parquet beside it where
          submission.tta asks for views, leaderboard.csv, the sample file,
          evaluation/{model}/decodings.json where thresholds are asked for, and merged.json where a
          merged model is handed in, ensemble/ensemble.json where several models are
PROVIDES: submission/form.json, submission/submission.csv, submission/provenance.json; where asked for
          submission/verification.json
"""


rule check_sample_file:
    input:
        source_files,
        classes=rules.catalog_training_photos.output.classes,
    output:
        f"{results}/submission/form.json",
    log:
        f"{results}/logs/check_sample_file.log",
    priority: 1  # before whatever else can run, so that no training waits for the answer
    conda:
        environment
    params:
        cfg=settings(
            data=data_settings("sample_submission", "dummy_ids", "id_column", "label_column"),
            submission={key: config["submission"][key] for key in ("decode", "values")},
        ),
        code=code_of("check_sample_file.py"),
        content=content_of(sample_file),
        root=photo_folder,
    shell:
        "python scripts/check_sample_file.py --cfg {params.cfg:q} --root {params.root:q}"
        " --classes {input.classes:q} --out {output:q} 2>&1 | tee {log:q}"


rule write_submission:
    input:
        leaderboard=rules.compare_models.output.table if chosen_model == "best" else [],
        ensemble=rules.fit_ensemble.output if chosen_model == "ensemble" else [],
        predictions=expand(
            predicted_test,
            model=candidates,
            fold=handed_in_folds,
            views=handed_in_views,
        ),
        weights=expand(rules.predict_test.input.weights, model=candidates, fold=handed_in_folds),
        models=expand(rules.predict_test.input.model, model=candidates, fold=handed_in_folds),
        form=rules.check_sample_file.output,
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
        cfg=settings(**submission_settings(config)),
        code=code_of("write_submission.py"),
        root=photo_folder,
        leaderboard="--leaderboard" if chosen_model == "best" else "",
        ensemble="--ensemble" if chosen_model == "ensemble" else "",
    shell:
        "python scripts/write_submission.py --cfg {params.cfg:q} --root {params.root:q}"
        " {params.leaderboard} {input.leaderboard:q} {params.ensemble} {input.ensemble:q}"
        " --predictions {input.predictions:q} --weights {input.weights:q}"
        " --decodings {input.decodings:q} --merged {input.merged:q}"
        " --catalogs {input.catalogs:q} --classes {input.classes:q}"
        " --submission {output.submission:q} --provenance {output.provenance:q}"
        " 2>&1 | tee {log:q}"


# It has no inputs, so that it never makes Snakemake train or write anything again, and no outputs, so
# that it runs whenever it is asked for.
rule verify_submission:
    log:
        f"{results}/logs/verify_submission.log",
    conda:
        environment
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        cfg=settings(**submission_settings(config)),
        root=photo_folder,
        submission=f"{results}/submission/submission.csv",
        provenance=f"{results}/submission/provenance.json",
        catalog=f"{results}/catalog/test.parquet",
        verification=f"{results}/submission/verification.json",
    shell:
        "python scripts/verify_submission.py --cfg {params.cfg:q} --root {params.root:q}"
        " --submission {params.submission:q} --provenance {params.provenance:q}"
        " --catalog {params.catalog:q} --threads {threads} --out {params.verification:q}"
        " 2>&1 | tee {log:q}"
