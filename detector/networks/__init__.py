"""The PyTorch modules behind the neural detectors, and their training."""
