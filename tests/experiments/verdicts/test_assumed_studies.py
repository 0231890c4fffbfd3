"""Each study of a claim without runs: its design is read back, its quick form and changed assumptions are looks."""

import json

import pytest

from experiments.studies.assuming import factors_in
from experiments.studies.registry import studies
from experiments.verdicts.assumed_study import AssumedStudy
from worlds.study_options import options

ASSUMED = [study for study in studies().values() if isinstance(study, AssumedStudy)]


@pytest.mark.parametrize("study", ASSUMED, ids=lambda study: study.name)
def test_designs_and_looks(study):
    design = study.design(options(study))
    assert study.look(design) == ""
    assert (design.seed, design.replications) == (study.rule.seed, study.rule.seeds)
    assert study.read(None, json.loads(json.dumps(design.parameters()))) == design
    look = study.quick(design)
    assert look.design.replications <= study.rule.seeds
    assert look.design != design
    assert look.leaves_out
    factor = factors_in(design.assumed)[0]
    other = study.design(options(study, "--assume", f"{factor.path}={factor.high}"))
    assert study.look(other) == f"assumptions are not the study's own: {factor.path} = {factor.high:g}"


def test_there_are_such_studies():
    assert len(ASSUMED) >= 8
