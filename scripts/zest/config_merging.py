"""What cannot be merged into one model, found in the configuration before anything runs."""

from collections.abc import Iterator

from zest.config_submission import candidates


def merge_faults(config: dict) -> Iterator[str]:
    """Yield why the models that could be handed in cannot be merged, by the key of each reason.

    The mean of weights means something only where they came from the same start: a trained network
    is one of many that compute the same with their channels in another order (Wortsman et al. 2022;
    Ainsworth et al. 2023, "Git Re-Basin"), and each fold draws its own random weights.
    """
    if config["submission"]["train_on"] != "merged":
        return
    folds, handed_in = config["split"]["train_folds"], candidates(config)
    if len(folds) == 1:
        yield (
            "submission.train_on: merged is the mean of the models of several folds, and "
            f"split.train_folds is {folds}; name more folds, or set submission.train_on: folds"
        )
    for name, model in config["models"].items():
        own_start = model["method"] == "fine_tuning" and not model["pretrained"]
        if name in handed_in and own_start and model["weights"] is None:
            yield (
                f"models.{name}.pretrained: false lets each fold start from random weights of its "
                "own, and the mean of such models is worth nothing; set submission.train_on: all, "
                "or name another submission.model"
            )
