"""What `tokenmarket bench` prints, from speeds that are given."""

import os

from experiments.bench import bench
from experiments.bench.bench import LABELS, Speed, measure


def test_every_figure_has_its_label_and_ratios_are_of_the_figures_beside_them(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    speeds = {("bench-pool", 1): Speed(9, 600.0, 500.0), ("bench-market", 1): Speed(9, 200.0, 180.0),
              ("bench-market", 8): Speed(9, 700.0, 650.0)}
    monkeypatch.setattr(bench, "compiled_speed", lambda of, requests, threads=1: speeds[of.name, threads])
    monkeypatch.setattr(bench, "reference_speed", lambda of, requests: 4.0)
    monkeypatch.setattr(bench, "queue_speed", lambda customers: 3000.0)
    found = measure()
    assert list(found) == list(LABELS)
    assert found == {
        "pool.compiled_requests_per_s": 600.0, "pool.with_demand_requests_per_s": 500.0,
        "market.compiled_requests_per_s": 200.0, "market.with_demand_requests_per_s": 180.0,
        "market.on_all_cores_requests_per_s": 700.0, "market.all_cores_over_one": 3.5,
        "market.reference_requests_per_s": 4.0, "market.compiled_over_reference": 50.0,
        "mmc_loop_customers_per_s": 3000.0, "pool.share_of_mmc_loop": 0.2, "market.share_of_mmc_loop": 200 / 3000,
    }
