"""Parts of the documentation that tables of the code make: ``python -m experiments.pages`` writes them anew."""
