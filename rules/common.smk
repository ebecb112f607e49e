"""
Loads and checks the configuration, and names what all rules share.

REQUIRES: config (from --configfile or config/config.yaml), config/schema.yaml
PROVIDES: config (complete); where things are (results, photos_root, demo_files, submission_files); the
          functions that give a rule its cfg, code and inputs; the constraints of the wildcards
"""

import re
import sys
from pathlib import Path

# To hash parameters that are data frames, Snakemake would import pandas at every call, a fifth of the
# time of a dry run. Ours are text; None is Python's own mark for a module that is not there.
sys.modules.setdefault("pandas", None)
sys.path.insert(0, f"{workflow.basedir}/scripts")

from zest import sources
from zest.config import canonical, image_size, validate
from zest.errors import UserError
from zest.fingerprint import CodeBase


def refuse(error):
    """End with a message for the person and exit code 2, without a traceback."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


def settings(*sections, **values):
    """Make the `cfg` of a rule: canonical JSON of just what it uses, for `params`.

    Values that are functions are called with the wildcards.
    """

    def cfg(wildcards):
        chosen = {name: config[name] for name in sections}
        for name, value in values.items():
            chosen[name] = value(wildcards) if callable(value) else value
        return canonical(chosen)

    return cfg


def code_of(script):
    """Make the `code` of a rule, for `params`: a fingerprint of all the code that it can run."""
    fingerprint = code_base.fingerprint(script)
    return lambda wildcards: fingerprint


def template_files(*folders):
    """The page templates and style sheets of a rule: inputs that are no Python code."""
    return sorted(
        str(path.relative_to(workflow.basedir))
        for folder in folders
        for path in Path(workflow.basedir, folder).iterdir()
        if path.suffix in (".css", ".j2")
    )


def recipe_setting(key):
    """Make a function from the wildcards to a setting of the rule's recipe."""
    return lambda wildcards: config["recipes"][wildcards.recipe][key]


def training_settings(wildcards):
    """The `cfg` of a training: the settings of the model, and those of others that it depends on."""
    model = config["models"][wildcards.model]
    chosen = {key: value for key, value in model.items() if key != "recipe"}
    return canonical(
        {
            **chosen,
            "image_size": image_size(config, wildcards.model),
            "seed": config["seed"] + model["seed"],
            "fit": config["images"]["fit"],
        }
    )


def model_input(pattern):
    """Make an input function: `pattern` with the recipe and image size of the rule's model."""

    def path(wildcards):
        name = wildcards.model
        return pattern.format(
            **dict(wildcards),
            recipe=config["models"][name]["recipe"],
            size=image_size(config, name),
        )

    return path


def photo_folder(wildcards):
    """The folder that the paths of the catalog are relative to."""
    return photos_root


def source_state(part):
    """Make the `source` of a catalog rule: a fingerprint of the part's files where no rule makes them."""
    if archives:
        return lambda wildcards: "extracted"
    cache = Path(f".snakemake/zest/{config['competition']}-{part}.json")
    return lambda wildcards: sources.source_fingerprint(config["data"], part, cache)


def extraction_state(wildcards):
    """The `source` of the extraction: a fingerprint of what stands beside the archives."""
    cache = Path(f".snakemake/zest/{config['competition']}-beside.json")
    return sources.extraction_fingerprint(config["data"], cache)


def data_settings(*keys):
    """Some keys of the `data` section."""
    return {key: config["data"][key] for key in keys}


def submission_settings(wildcards):
    """The part of the configuration that what is handed in depends on, for its provenance."""
    names = ["competition", "seed", "data", "split", "images", "rules", "submission"]
    recipes = {config["models"][name]["recipe"] for name in candidates}
    return canonical(
        {
            **{name: config[name] for name in names},
            **({"demo": config["demo"]} if demo_files else {}),
            "models": {name: config["models"][name] for name in candidates},
            "recipes": {name: config["recipes"][name] for name in recipes},
        }
    )


def handed_in(wildcards):
    """The files of the target `submission`; without test photos there is nothing to hand in."""
    if not has_test:
        refuse("data.test_images is null: there is nothing to predict. Run snakemake leaderboard.")
    return submission_files


try:
    config = validate(config)
    archives = sources.find_archives(config["data"])
except UserError as error:
    refuse(error)

code_base = CodeBase(f"{workflow.basedir}/scripts", Path(".snakemake/zest/code.json"))
results = f"results/{config['competition']}"
environment = f"../envs/{config['environment']}.yaml"
photos_root = f"{results}/source" if archives else config["data"]["root"]
train_folds = config["split"]["train_folds"]
has_test = config["data"]["test_images"] is not None
demo_files = [
    f"{config['data']['root']}/{name}"
    for name in ("train_images.csv", "sample_submit.csv", "classes.csv")
    if config["data"]["kind"] == "demo"
]
chosen_model = config["submission"]["model"]
candidates = list(config["models"]) if chosen_model == "best" else [chosen_model]
submission_files = (
    [f"{results}/submission/{name}" for name in ("submission.csv", "provenance.json")]
    if has_test
    else []
)


wildcard_constraints:
    model="|".join(map(re.escape, config["models"])),
    recipe="|".join(map(re.escape, config["recipes"])),
    fold=r"\d+",
    size=r"\d+",
    part="train|test",
