"""
Finds what rules read, where it depends on the model or on the settings.

REQUIRES: what common.smk provides
PROVIDES: input functions, and makers of them
"""


def model_input(pattern):
    """Make an input function: `pattern` with the recipe and image size of the rule's model.

    Where the rule predicts by views, the size is that of the photo that they are made of.
    """

    def path(wildcards):
        name = wildcards.model
        return pattern.format(
            **dict(wildcards),
            recipe=config["models"][name]["recipe"],
            size=stored_size(wildcards.get("views"), image_size(config, name)),
        )

    return path


def photos_of(part):
    """What photos are compared by: the catalog of a part, its measures and its features."""
    return [
        f"{results}/catalog/{part}.parquet",
        f"{results}/catalog/{part}_measures.parquet",
        f"{results}/features/{trunk_name(EMBEDDING)}/{part}.parquet",
    ]


def images_of_trunk(wildcards):
    """The photos of a part at the size that frozen layers see."""
    size = trunks[wildcards.trunk]["image_size"]
    return f"{results}/images/{size}/{wildcards.part}.parquet"


def activations_of_model(wildcards):
    """The activations that a training starts from: of its training set and of all photos, or none."""
    if not config["models"][wildcards.model]["cache_frozen"]:
        return []
    folder = f"{results}/features/{trunk_of(config, wildcards.model)}"
    recipe = config["models"][wildcards.model]["recipe"]
    return [f"{folder}/{recipe}-fold{wildcards.fold}.parquet", f"{folder}/train.parquet"]


def trainsets_of_model(wildcards):
    """The training sets of the trained folds of a model; a linear probe has none."""
    if wildcards.model in probes:
        return []
    folder = f"{results}/trainset/{config['models'][wildcards.model]['recipe']}"
    return [f"{folder}/fold{fold}/images.parquet" for fold in train_folds]


def teacher_of_model(wildcards):
    """The predictions of the teacher for the training set of a model, or none."""
    model = config["models"][wildcards.model]
    if not model["distillation"]:
        return []
    teacher = model["distillation"]["teacher"]
    folder = f"{results}/predictions/{teacher}/fold{wildcards.fold}"
    return f"{folder}/trainset_{model['recipe']}.parquet"


def pseudo_labels_of_model(wildcards):
    """The pseudo-labels that a training learns from and the test photos they are of, or none."""
    model = config["models"][wildcards.model]
    if not model["pseudo_labels"]:
        return []
    size = config["recipes"][model["recipe"]]["image_size"]
    labels = f"{results}/pseudo_labels/{wildcards.model}/fold{wildcards.fold}.parquet"
    return [labels, f"{results}/images/{size}/test.parquet"]


def predictions_by_views(wildcards):
    """The validation predictions of a model by each way that is to be measured."""
    if not tta_ways:
        refuse(
            "evaluation.tta names no way of test-time augmentation, so there is none to measure. Set, "
            f"for example, evaluation.tta: [horizontal_flip]; there are {', '.join(WAYS)}."
        )
    return expand(
        rules.predict_validation_views.output,
        model=wildcards.model,
        views=tta_ways,
        fold=train_folds,
    )


def handed_in(wildcards):
    """The files of the target `submission`; without test photos there is nothing to hand in."""
    if not has_test:
        refuse("data.test_images is null: there is nothing to predict. Run snakemake leaderboard.")
    return submission_files


def judged_ablations(wildcards):
    """The files of the target `ablations`."""
    if not config["ablations"]:
        refuse(
            "there are no ablations in the configuration, so there is none to judge. Write, for "
            "example, ablations: {balancing: {model: NAME, key: balance, values: [none, "
            "label_shuffling]}}"
        )
    return expand(rules.judge_ablation.output, ablation=config["ablations"])


def fitted_ensemble(wildcards):
    """The file of the target `ensemble`; one model alone has nothing to be weighed against."""
    if len(ensemble_models) < 2:
        refuse(f"{ensemble_models[0]} is the only model: there is no ensemble. Add one to models.")
    return rules.fit_ensemble.output
