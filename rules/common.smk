"""
Loads and checks the configuration, and names what all rules share.

REQUIRES: config (from --configfile or config/config.yaml), config/schema.yaml
PROVIDES: config (complete); where things are (results, photos_root, demo_files, submission_files,
          tta_files); the functions that give a rule its cfg and code; the constraints of the wildcards
"""

import os
import re
import sys
from itertools import chain
from pathlib import Path

# To hash parameters that are data frames, Snakemake would import pandas at every call, a fifth of the
# time of a dry run. Ours are text; None is Python's own mark for a module that is not there.
sys.modules.setdefault("pandas", None)
sys.path.insert(0, f"{workflow.basedir}/scripts")

from zest import command, config_deploy, config_submission, graded_folder, sources
from zest.ablations import arms
from zest.config import canonical, differing_settings, validate
from zest.errors import UserError
from zest.fingerprint import CodeBase
from zest.locks import hold
from zest.models.custom import source_digest
from zest.phases import image_size
from zest.rule_settings import submission_settings, summary_settings, training_settings
from zest.trunks import EMBEDDING, trunk_name, trunk_of, trunks_of
from zest.views import WAYS, handed_in_way, stored_size, ways_to_measure


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


def training_cfg(wildcards):
    """The `cfg` of a training: the settings of the model, and those of others that it depends on."""
    return canonical(training_settings(config, wildcards.model))


def code_of(script):
    """Make the `code` of a rule, for `params`: a fingerprint of all the code that it can run."""
    fingerprint = code_base.fingerprint(script)
    return lambda wildcards: fingerprint


def code_of_network(script):
    """Make the `code` of what builds a network; a Layer of the user's own belongs to it."""
    fingerprint = code_base.fingerprint(script)

    def code(wildcards):
        if "trunk" in wildcards.keys():
            architecture = trunks[wildcards.trunk]["architecture"]
        else:
            architecture = config["models"][wildcards.model]["architecture"]
        own = source_digest(architecture)
        return f"{fingerprint}-{own}" if own else fingerprint

    return code


def content_of(path):
    """Make the `content` of a rule, for `params`: a fingerprint of a file of the user's own.

    Snakemake runs a rule again only for a file that is newer, and one that was unpacked or moved to
    its place may be older than what it replaces. `path` may be a function of the wildcards.
    """

    def content(wildcards):
        named = path(wildcards) if callable(path) else path
        return sources.file_fingerprints(own_files, own_files_cache).get(named, "") if named else ""

    return content


def template_files(*folders):
    """The page templates and style sheets of a rule: inputs that are no Python code."""
    return sorted(
        str(path.relative_to(workflow.basedir))
        for folder in folders
        for path in Path(workflow.basedir, folder).iterdir()
        if path.suffix in (".css", ".j2")
    )


def static_files(folder):
    """The files of a page that are handed out as they are: inputs that are no Python code."""
    return sorted(
        str(path.relative_to(workflow.basedir)) for path in Path(workflow.basedir, folder).iterdir()
    )


def model_setting(key, or_else=None):
    """Make a function from the wildcards to a setting of the rule's model, or to something else."""
    return lambda wildcards: config["models"][wildcards.model][key] or or_else


def recipe_setting(key):
    """Make a function from the wildcards to a setting of the rule's recipe."""
    return lambda wildcards: config["recipes"][wildcards.recipe][key]


def code_of_networks(script, names):
    """Make the `code` of what builds several networks; Layers of the user's own belong to it."""
    fingerprint = code_base.fingerprint(script)

    def code(wildcards):
        own = [source_digest(config["models"][name]["architecture"]) for name in names]
        return "-".join([fingerprint, *filter(None, own)])

    return code


def flag(option, value):
    """Make a function from the wildcards to an option of a command, or to nothing without a value."""
    return lambda wildcards: option if value(wildcards) else ""


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


def new_photos_state(wildcards):
    """The `source` of the grades of a folder: a fingerprint of its photos."""
    try:
        graded_folder.check_folder(new_photos, Path("results"))
    except UserError as error:
        refuse(error)
    cache = Path(f".snakemake/zest/{config['competition']}-graded-{new_photos_name}.json")
    return graded_folder.state_of(new_photos, cache)


def second_stage_state(wildcards):
    """The `source` of the second stage's catalog: a fingerprint of the folder of its photos."""
    if second_stage_data["root"] is None:
        refuse(
            "second_stage.root is null: there are no photos of a second stage. Name the folder that "
            "holds them and their sample file, for example second_stage: {root: data/lemon_2}."
        )
    cache = Path(f".snakemake/zest/{config['competition']}-second-stage.json")
    return sources.source_fingerprint(second_stage_data, "test", cache)


def first_stage_state(wildcards):
    """The `content` of what the second stage follows: a fingerprint of the submission's provenance."""
    path = f"{results}/submission/provenance.json"
    cache = Path(f".snakemake/zest/{config['competition']}-first-stage.json")
    return sources.file_fingerprints([path], cache).get(path, "")


def no_folder(wildcards):
    """What is read of a folder of new photos where none is named: that is refused."""
    refuse("folder: name the folder of new photos: snakemake predict_folder --config folder=PATH")


def data_settings(*keys):
    """Some keys of the `data` section."""
    return {key: config["data"][key] for key in keys}


def evaluation_settings(*keys):
    """Some keys of the `evaluation` section."""
    return {key: config["evaluation"][key] for key in keys}


told = command.options_of(
    workflow.config_settings.configfiles, workflow.config_settings.config, Path.cwd()
)
if workflow.is_main_process:
    hold(Path.cwd())
    os.environ[command.VARIABLE] = told
else:
    # A job of its own, which may run on another machine: the main process knows better.
    os.environ.setdefault(command.VARIABLE, told)
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
probes = [name for name, model in config["models"].items() if model["method"] == "linear_probe"]
fine_tuned = [name for name in config["models"] if name not in probes]
summarised = [name for name in config["models"] if "=" not in name]  # without the trials of sweeps
learned_recipes = sorted(
    {config["models"][name]["recipe"] for name in summarised if name in fine_tuned}
)
trunks = trunks_of(config)
named_files = [
    model[key] for model in config["models"].values() for key in ("weights", "soft_labels")
]
sample_file = (
    f"{photos_root}/{config['data']['sample_submission']}"
    if config["data"]["sample_submission"] and not archives and not demo_files
    else None  # there is none, or a rule makes it
)
own_files = sorted({*filter(None, [*named_files, config["split"]["file"], sample_file])})
own_files_cache = Path(f".snakemake/zest/{config['competition']}-files.json")
chosen_model = config["submission"]["model"]
candidates = config_submission.candidates(config)
ensemble_models = config_submission.ensemble_models(config)
train_on = config["submission"]["train_on"]
handed_in_folds = train_folds if train_on == "folds" else [train_on]
submission_files = (
    [f"{results}/submission/{name}" for name in ("submission.csv", "provenance.json")]
    if has_test
    else []
)
second_stage_data = {**config["data"], **config["second_stage"], "kind": "csv"}
new_photos = graded_folder.folder_of(config["folder"])
new_photos_name = new_photos and graded_folder.name_of(new_photos)
tta_ways = ways_to_measure(config)
handed_in_views = handed_in_way(config)
tta_files = (
    [f"{results}/evaluation/{name}/tta.json" for name in config["models"]] if tta_ways else []
)
if submission_files and handed_in_views:  # with the submission comes what its views gain
    submission_files += [f"{results}/evaluation/{name}/tta.json" for name in candidates]


TRAINED_FOLD = r"\d+|all"  # of a model that is trained, not merged of others


def one_of(names):
    """A constraint of a wildcard: one of these names, or none at all."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    model=one_of(config["models"]),
    recipe=one_of(config["recipes"]),
    trunk=one_of(trunks),
    ablation=one_of(config["ablations"]),
    fold=r"\d+|all|merged",
    size=r"\d+",
    part="train|test",
    views=one_of(WAYS),
