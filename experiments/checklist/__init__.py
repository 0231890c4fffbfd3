"""What reporting guidelines ask of a study: the ODD description of the model, and a STRESS-DES checklist of a run."""
