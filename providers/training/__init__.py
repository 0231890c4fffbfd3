"""Labs that train the models they serve: what hours of GPUs make of the next model."""
