"""The study ``model_lifetime``: whether a model earns what its training cost in the time it is used."""
