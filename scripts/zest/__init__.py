"""Zest: the pieces that more than one stage of the workflow needs.

Each stage itself lives in one script of the folder above; this package holds what they share: data
contracts, image reading, augmentation, models, the training engine, metrics and provenance.
"""
