"""The study ``providers_per_model``: whether minimum efficient scale explains how many hosts models have."""
