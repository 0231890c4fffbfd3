"""Why some fields of scenarios change nothing that a run gives."""

import re
from typing import Final

TEXT: Final = "it is told to readers, and no rule reads it"
NOT_TRIED: Final = "not tried yet"
REFUSED: Final = "another value than the default is refused in a market: "
COSTS: Final = "what GPUs cost is a matter of markets; in a scenario of traffic nobody pays for them"
REASONS: Final[dict[str, str]] = {  # patterns of form and field
    r"\w+ (name|description)|.* (gpus|models)\.\*\.source": TEXT,
    r"traffic traffic\.engine|market engine": "both engines give the same (differential tests)",
    r"\w+ network\.regions": "it lists the names that other fields may use: another list refuses those it lacks",
    r"traffic demand\.\*\.arrivals<trace>\.(skip|sort)": "whether a file with such rows is refused (tests of traces); "
    "of one that is taken it changes nothing",
    r"traffic gpus\.\*\.(power_kw|rent_usd_per_hour|owner_usd_per_hour)": COSTS,
    r"traffic gpus\.\*\.node_gpus": "a scenario of traffic gives tp itself; more than this is refused",
    r"market router\.(client_side|fee_share|own_key_fee_share)|market .*\.own_keys|market .*\.engine\.split\..*":
        REFUSED + "the sentence names the field that holds there",
    r"market gpus\.\*\.unpack_flops": "hosts of markets compute at the precision of their weights, and unpack none",
    r"market .*\.partition": REFUSED + "a workload's requests ask for one model",
    r"market .*\.shared_capacity": REFUSED + "it goes with own_keys, which a market has no list of",
    r"market customers\.choice\.fall_days":
        "it is read where creators alone sell, at list prices (the climb); sellers of a whole market "
        "set their prices themselves",
    r"market router\.billing\.customer_left": "customers of markets stay to the end of an answer: they have no stay_s",
    r"market .*\.max_price\.request": "offers of markets have no price of a request",
}


def reason_for(form: str, path: str) -> str:
    """Return why a field changes nothing; "" if no reason is known."""
    return next((reason for pattern, reason in REASONS.items() if re.fullmatch(pattern, f"{form} {path}")), "")
