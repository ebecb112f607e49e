"""`snakemake model_summary` can be asked before anything is trained, and follows the settings."""

import shutil

import yaml
from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

TRUNK = "efficientnet_lite0-224-trunk"
NEEDED = {
    "prepare_images 224 train",
    f"extract_features {TRUNK} train",
    "find_duplicates",
    "catalog_training_photos",
    "split_folds",
    "balance_fold plain 0",
    "balance_fold turned 0",
    "summarise_models",
}
NET = """
from paddle import nn

WIDTH = 4  # channels


class Net(nn.Sequential):
    def __init__(self, num_classes):
        pool = nn.AdaptiveAvgPool2D(1)
        super().__init__(nn.Conv2D(3, WIDTH, 3), pool, nn.Flatten(), nn.Linear(WIDTH, num_classes))
"""


def test_the_summary_needs_the_number_of_rows_and_no_image(project):
    setting("split.sessions", "none")(project)
    shutil.rmtree(project / "results")
    assert planned_jobs(project, "model_summary") == NEEDED


def test_it_follows_the_settings_that_it_tells_of_and_the_code_of_a_layer_of_the_users_own(project):
    path = project / "config/tiny.yaml"
    config = yaml.safe_load(path.read_text())
    own = {"architecture": "mine.Net", "pretrained": False, "recipe": "plain", "warmup_epochs": 0}
    config["models"] = {"own": own}
    config["baseline"] = False

    def planned():
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return planned_jobs(project, "model_summary")

    (project / "mine.py").write_text(NET)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    done = snakemake(project, "-j2", "model_summary")
    assert done.returncode == 0, done.stdout + done.stderr
    table = (project / "results/tiny/models/summary.csv").read_text().splitlines()
    assert table[1].startswith("own,mine.Net,32,2,2,")
    assert planned() == set()
    own["learning_rate"] = 0.001
    assert planned() == set()
    own["epochs"] = 3
    assert planned() == {"summarise_models"}
    del own["epochs"]
    (project / "mine.py").write_text(NET.replace("channels", "filters"))
    assert planned() == set()
    (project / "mine.py").write_text(NET.replace("4", "5"))
    assert planned() == {"summarise_models"}
