"""Zest: from labelled photos to a submission.

Each stage has one file in rules/ and one script in scripts/; README.md shows how they follow.
"""

from snakemake.utils import min_version

min_version("9.0")

if not workflow.configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/demo.smk"
include: "rules/catalog.smk"
include: "rules/images.smk"
include: "rules/features.smk"
include: "rules/duplicates.smk"
include: "rules/split.smk"
include: "rules/eda.smk"
include: "rules/paddleclas.smk"
include: "rules/trainset.smk"
include: "rules/models.smk"
include: "rules/pseudo_labels.smk"
include: "rules/train.smk"
include: "rules/learning_rate.smk"
include: "rules/predict.smk"
include: "rules/augmentation.smk"
include: "rules/evaluate.smk"
include: "rules/ablations.smk"
include: "rules/costs.smk"
include: "rules/explain.smk"
include: "rules/ensemble.smk"
include: "rules/report.smk"
include: "rules/merge.smk"
include: "rules/submission.smk"


rule all:
    default_target: True
    input:
        *submission_files,
        rules.eda_report.output,
        rules.compare_models.output,
        rules.write_report.output,


rule submission:
    input:
        handed_in,


rule leaderboard:
    input:
        rules.compare_models.output,


rule report_html:
    input:
        rules.write_report.output,
        rules.compare_models.output,
        rules.eda_report.output,


rule ablations:
    input:
        judged_ablations,


rule tta:
    input:
        expand(rules.judge_tta.output, model=config["models"]),


rule ensemble:
    input:
        fitted_ensemble,


rule model_summary:
    input:
        rules.summarise_models.output,


rule find_learning_rate:
    input:
        expand(
            rules.test_learning_rates.output,
            model=[name for name in summarised if name in fine_tuned],
        ),


rule augmentation_sheet:
    input:
        expand(rules.draw_augmentation_sheet.output, recipe=learned_recipes, fold=train_folds[0]),


rule augmentation_guard:
    input:
        expand(rules.find_left_labels.output, recipe=learned_recipes, fold=train_folds[0]),


rule paddleclas_lists:
    input:
        expand(rules.export_paddleclas_lists.output, fold=train_folds),
