"""The certificate of a market: which gates it passed, kept by the digests of the market and of the code."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from experiments.output.inputs import digest_of
from experiments.validation.gates.gate import MISS, PASS, UNSAID, GateFinding, band, verdict
from sim.errors import OutputError
from sim.scenario import MarketScenario, Scenario
from sim.scenario.load import plain

Standing = Literal["passed", "failed", "open", "stale", "missing"]
FOLDER: Final = "certificates"
NO_CERTIFICATE: Final = "missing"


class Asked(NamedTuple):
    """A gate as a certificate has it, in words."""

    gate: str
    value: str
    band: str
    said: str
    note: str


class Status(NamedTuple):
    """What a certificate says of a market.

    Attributes
    ----------
    standing
        ``passed`` if all gates passed; ``failed`` if one missed; ``open`` if none missed and of some nothing can be
        said; ``stale`` if other code was asked; ``missing`` if there is none that can be read.
    sentence
        The same in a sentence, without its full stop.
    gates
        What was asked; none where there is no certificate of this code.
    """

    standing: Standing
    sentence: str
    gates: tuple[Asked, ...] = ()


def market_digest(scenario: Mapping[str, Any]) -> str:
    """Return the digest of a market's complete scenario, its seed aside: gates are asked of several seeds anyhow.

    A study of a claim has the seed of its rule's text, a market the one of its user: they are the same market.
    """
    text = json.dumps({**scenario, "seed": None}, ensure_ascii=False, separators=(",", ":"))
    return digest_of(text.encode())


def certificate_text(scenario: str, digest: str, code: str, seeds: int, findings: Sequence[GateFinding]) -> str:
    """Return a certificate as JSON; a number that there is not is null.

    Parameters
    ----------
    scenario, digest
        Name of the scenario, and digest of the market.
    code
        Digest of the code that ran (`experiments.runs.keys.code_version`).
    seeds
        Seeds of each variant.
    findings
        What was found.
    """
    gates = [{"gate": it.gate.name, "asks": it.gate.asks, "value": _plain(it.value), "std_error": _plain(it.std_error),
              "band": band(it.gate), "said": it.said, "note": it.note} for it in findings]
    whole = {"scenario": scenario, "market": digest, "code": code, "seeds": seeds, "said": verdict(findings),
             "gates": gates}
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def place_of(digest: str) -> Path:
    """Return where the certificate of a market is kept: beside the machine code of this user's runs."""
    from sim.compiled import cache_root

    return cache_root() / FOLDER / f"{digest}.json"


def keep(text: str, digest: str) -> Path:
    """Keep a certificate, in the place of an earlier one of the same market.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = place_of(digest)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write the certificate {path}: {error.strerror}") from None
    return path


def status_of(digest: str, code: str) -> Status:
    """Return what the certificate of a market says, if there is one, to code of a digest."""
    try:
        found = json.loads(place_of(digest).read_text(encoding="utf-8"))
        return _status(found, digest, code)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Status(NO_CERTIFICATE, "no certificate of this market was found: whether prices, costs and entry matter "
                      "in it was not asked (`tokenmarket validate market --gates`)")


def told_of(scenario: Scenario | None) -> list[str]:
    """Return a sentence on the certificate of a market that was run by this code; none of anything else."""
    from experiments.runs.keys import code_version

    if not isinstance(scenario, MarketScenario):
        return []
    return [f"gates: {status_of(market_digest(plain(scenario)), code_version()).sentence}"]


def status_in(manifest: Mapping[str, Any]) -> Status:
    """Return what the certificate says of the market in a manifest: of another code than this, that it is stale."""
    from experiments.output.versions import code_digest
    from experiments.runs.keys import code_version

    code = code_version() if manifest.get("code") == code_digest() else ""
    return status_of(market_digest(manifest["scenario"]), code)


def _status(found: dict[str, Any], digest: str, code: str) -> Status:
    if found["market"] != digest:
        raise ValueError("it is of another market")
    counts = {said: sum(gate["said"] == said for gate in found["gates"]) for said in (PASS, MISS, UNSAID)}
    asked = sum(counts.values())
    if not asked:
        raise ValueError("it asks nothing")
    if found["code"] != code:
        return Status("stale", f"the certificate of this market is of other code ({counts[PASS]} of {asked} gates "
                      "passed then): ask again (`tokenmarket validate market --gates`)")
    gates = tuple(_asked(gate) for gate in found["gates"])
    seeds = f"over {found['seeds']} seed{'s' if found['seeds'] != 1 else ''}"
    if counts[PASS] == asked:
        return Status("passed", f"this market passed all {asked} gates {seeds}", gates)
    return Status("failed" if counts[MISS] else "open",
                  f"this market passed {counts[PASS]} of {asked} gates {seeds} and missed {counts[MISS]}; of "
                  f"{counts[UNSAID]} nothing can be said", gates)


def _asked(gate: dict[str, Any]) -> Asked:
    value, error = gate["value"], gate["std_error"]
    told = "" if value is None else f"{value:.3g}" + ("" if error is None else f" ± {error:.2g}")
    return Asked(str(gate["gate"]), told, str(gate["band"]), str(gate["said"]), str(gate["note"]))
