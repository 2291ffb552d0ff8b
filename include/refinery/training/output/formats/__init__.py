"""The formats that models are stored in, one module each: how a model is written to a file and read back."""
