"""The parts of the catalog stage: archives, label sources, classes, photos and their problems."""
