"""Units of time and money, each defined once; names end in the unit they count.

Simulated time is in seconds, money inside the simulation in whole nano-dollars, prices in whole pico-dollars a token;
prices that people read are in USD per million tokens. A year is the Julian one of 365.25 days and a month its twelfth,
wherever a rate "a year" or "a month" is meant; calendar months, with their own lengths, are those of the calendar
(`experiments.measures`).
"""

from typing import Final

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
HOURS_PER_DAY: Final = 24
DAYS_PER_WEEK: Final = 7
DAYS_PER_YEAR: Final = 365.25
DAYS_PER_MONTH: Final = DAYS_PER_YEAR / 12
HOURS_PER_YEAR: Final = DAYS_PER_YEAR * HOURS_PER_DAY

NANO_PER_USD: Final = 1_000_000_000
USD_PER_NANO: Final = 1 / NANO_PER_USD
TOKENS_PER_MTOK: Final = 1_000_000
MTOK_PER_TOKEN: Final = 1 / TOKENS_PER_MTOK
NANO_PER_USD_PER_MTOK: Final = NANO_PER_USD // TOKENS_PER_MTOK  # a charge of 1 USD per million tokens
PICO_PER_NANO: Final = 1000
PPM: Final = 1_000_000  # millionths in the whole
MOST_PICO: Final = 2**63 - 1  # of a bill: what int64 holds
PICO_PER_USD: Final = NANO_PER_USD * PICO_PER_NANO
USD_PER_PICO: Final = 1 / PICO_PER_USD
PICO_PER_USD_PER_MTOK: Final = PICO_PER_USD // TOKENS_PER_MTOK  # a price of 1 USD per million tokens

BYTES_PER_GB: Final = 1e9
