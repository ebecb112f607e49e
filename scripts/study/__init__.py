"""What a look at the photos through a pretrained network tells before any training."""
