"""Zest: from labelled photos to a submission.

Each stage has one file in rules/ and one script in scripts/; README.md shows how they follow. A target
for one stage alone, such as `tta`, stands at the end of its file.
"""

from snakemake.utils import min_version

min_version("9.0")

if not workflow.configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/inputs.smk"
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
include: "rules/merge.smk"
include: "rules/submission.smk"
include: "rules/second_stage.smk"
include: "rules/deploy.smk"
include: "rules/report.smk"
include: "rules/predict_folder.smk"
include: "rules/web_demo.smk"


rule all:
    default_target: True
    input:
        *submission_files,
        rules.report_html.input,


rule submission:
    input:
        handed_in,


rule leaderboard:
    input:
        rules.compare_models.output,
