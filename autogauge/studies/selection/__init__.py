"""The study of selection: which device AUTO takes, by the devices that there are, the device string, and the model."""
