"""
Writes the report of a competition: the leader, why, where it fails, what to try next.

REQUIRES: leaderboard.json, costs.csv, explanation/, ablations/*.json, catalog/; of every model
          evaluation/{model}/ (tta.json where asked for) and the histories of its folds;
          ensemble/ensemble.json of several models; with deploy.in_report, deploy/exports.csv
PROVIDES: report.html
"""


rule write_report:
    input:
        classes=rules.catalog_training_photos.output.classes,
        measures=rules.catalog_training_photos.output.measures,
        comparisons=rules.compare_models.output.comparisons,
        costs=rules.measure_costs.output,
        heat_maps=rules.explain_leader.output.heat_maps,
        shortcuts=rules.explain_leader.output.shortcuts,
        scores=expand(rules.evaluate_model.output.scores, model=config["models"]),
        out_of_fold=expand(rules.evaluate_model.output.out_of_fold, model=config["models"]),
        calibrations=expand(rules.evaluate_model.output.calibration, model=config["models"]),
        decodings=expand(rules.evaluate_model.output.decodings, model=config["models"]),
        per_class=expand(rules.evaluate_model.output.per_class, model=config["models"]),
        histories=rules.measure_costs.input.histories,
        ablations=expand(rules.judge_ablation.output, ablation=config["ablations"]),
        ensemble=rules.fit_ensemble.output if len(ensemble_models) > 1 else [],
        tta=tta_files,
        exports=rules.write_deployment_page.output.table if config["deploy"]["in_report"] else [],
        templates=template_files("scripts/report/templates", "scripts/zest/page"),
    output:
        report(f"{results}/report.html", category="Report", labels={"figure": "report"}),
    log:
        f"{results}/logs/write_report.log",
    conda:
        environment
    params:
        cfg=settings(
            "competition",
            folds=config["split"]["folds"],
            train_folds=train_folds,
            rules={
                key: config["rules"][key]
                for key in ("metric", "classes_ordered", "tta", "ensemble")
            },
            submission={
                key: config["submission"][key]
                for key in ("model", "ensemble", "decode", "tta", "values")
            },
            models=config["models"],
            written=lambda wildcards: differing_settings(config["models"]),
        ),
        code=code_of("write_report.py"),
        ensemble="--ensemble" if len(ensemble_models) > 1 else "",
        exports="--exports" if config["deploy"]["in_report"] else "",
    shell:
        "python scripts/write_report.py --cfg {params.cfg:q} --classes {input.classes:q}"
        " --measures {input.measures:q} --comparisons {input.comparisons:q}"
        " --costs {input.costs:q} --heat-maps {input.heat_maps:q} --shortcuts {input.shortcuts:q}"
        " --scores {input.scores:q} --out-of-fold {input.out_of_fold:q}"
        " --per-class {input.per_class:q}"
        " --calibrations {input.calibrations:q} --decodings {input.decodings:q}"
        " --histories {input.histories:q} --ablations {input.ablations:q}"
        " {params.ensemble} {input.ensemble:q} --tta {input.tta:q}"
        " {params.exports} {input.exports:q} --html {output:q}"
        " 2>&1 | tee {log:q}"


rule report_html:
    input:
        rules.write_report.output,
        rules.compare_models.output,
        rules.eda_report.output,
