"""The economy around the traffic: models, customers, prices, capacity and books on SimPy's calendar."""
