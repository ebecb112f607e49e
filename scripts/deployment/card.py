"""The texts that go with a model: what it is, how good, for what, and whose work is in it.

The sections of the card follow Mitchell et al. 2019, "Model Cards for Model Reporting",
https://arxiv.org/abs/1810.03993, section 4.
"""

from pathlib import Path

import jinja2

from zest.metrics import TITLES
from zest.models.table import find_architecture, weight_package

TEMPLATES = Path(__file__).parent / "templates"


def write_card(**told: object) -> str:
    """Return MODEL_CARD.md; the names are those of the template."""
    return _render("model_card.md.j2", told)


def write_readme(**told: object) -> str:
    """Return README.md of a bundle."""
    return _render("readme.md.j2", told)


def write_notices(competition: str, examples: int, trained_with: dict) -> str:
    """Return NOTICES.md.

    Args:
        competition: its name.
        examples: how many photos the bundle holds.
        trained_with: the settings of the model.
    """
    told = {
        "competition": competition,
        "examples": examples,
        "weights": weight_sources(trained_with),
    }
    return _render("notices.md.j2", told)


def weight_sources(trained_with: dict) -> list[str]:
    """Return where the weights came from that a training started with, in sentences."""
    architecture = trained_with["architecture"]
    if trained_with["weights"]:
        return [f"`{Path(trained_with['weights']).name}`, a file of the trainer's own"]
    if not trained_with["pretrained"]:
        return []
    if find_architecture(architecture).weights == "environment":
        return [
            f"{architecture}, trained on ImageNet by Google (Apache License 2.0), as the Python "
            f"package {weight_package(architecture)} carries them; the photos of ImageNet are for "
            "research, and whether that binds weights is not settled"
        ]
    return [f"{architecture} on ImageNet, as the maker of the architecture publishes them"]


def score_rows(scores: dict, metric: str) -> list[dict]:
    """Return the scores of scores.json with their titles, the contest's metric first."""
    names = [metric, *(name for name in TITLES if name != metric)]
    known = [name for name in names if scores[name]["value"] is not None]
    return [{"title": TITLES[name], **scores[name]} for name in known]


def _render(template: str, told: dict) -> str:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(template).render(told)
