"""What a training leaves: the model's file, the manifest, and how they are checked."""
