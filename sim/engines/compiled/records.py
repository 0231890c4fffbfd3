"""The records of the compiled engine's memory: what every field holds, and in which unit.

Fields that are used together stand together, so that they share cache lines; wider types come first, so that no
space is lost between them. -1 stands for "none" wherever a field is a place or an index.
"""

from sim.engines.record import Record, f8, i4, i8, u8


class Globals(Record):
    """What there is once."""

    now: float = f8("present time, s")
    due: float = f8("before this time nothing happens unless the shard is told something from outside, s")
    publish_next: float = f8("time of the next publication, s; inf if providers publish nothing")
    publish_period: float = f8("time between publications, s; inf if providers publish nothing")
    per_s: float = f8("points of the grid of event times, 1/s (sim.engines.grid)")
    boundary_at: float = f8("time of the newest step boundary, s")
    wheel_width: float = f8("time that one bucket of the timer wheel spans, s")
    warmup_s: float = f8("begin of the measured window, s")
    demand_ends_s: float = f8("end of the measured window, s")
    sample_share: float = f8("share of requests kept in the requests table")
    wheel_cursor: int = i8("number of the wheel's bucket that was opened last, counted from time 0")
    timers: int = i8("requests on the wheel")
    feed_next: int = i8("row of the feed's block that arrives next")
    live: int = i8("requests that have no outcome yet")
    publishes: int = i8("publications so far")
    spare_messages: int = i8("free message slots below which the pool is doubled")
    free_requests: int = i4("height of the stack of free request slots")
    free_attempts: int = i4("height of the stack of free attempt slots")
    free_messages: int = i4("height of the stack of free message slots")
    free_runs: int = i4("height of the stack of free runs of samples")
    misc_count: int = i4("entries of the heap of rare events")
    feed_ends: int = i4("1 once no more requests will arrive")
    boundary_of: int = i4("the last replica, in their order, that had a boundary at that time")
    samples: int = i4("rows of the requests table that are filled")
    chains: int = i4("closed loops under way")
    thinking: int = i4("those among them whose customer thinks")
    owed: int = i4("attempts that are over and not settled")
    free_prefixes: int = i4("height of the stack of free places of prefixes")
    spare_prefixes: int = i4("free ones below which the pool is doubled; 0: there are no caches")


class LiveRequest(Record):
    """A request at its router, from its arrival to its outcome."""

    born_s: float = f8("when it left its customer, s")
    arrive_s: float = f8("when it reached its router, s")
    patience_at: float = f8("when its customer gives up, before or after its first token, s; inf: never")
    total_at: float = f8("when its router gives it up, s; inf: never")
    attempt_at: float = f8("when the live attempt must have its first token, or its wait is over, s; inf: never")
    second_at: float = f8("when the second live attempt must have its first token, s; inf: never")
    hedge_at: float = f8("when an attempt that waits alone gets a second beside it, s; inf: never")
    dispatch_s: float = f8("when the newest attempt was sent, s; -1 before")
    first_s: float = f8("when its router learned of the first token, s; -1 before")
    expected: float = f8("output that its router expects, tokens")
    timer_at: float = f8("when its timer is due, s")
    key: int = u8("its private source of uniforms (sim.draws)")
    session: int = i8("number of its session")
    weight: int = i8("prompt plus expected output, whole tokens")
    prompt_pico: int = i8("sum of its bill before the answer, at the terms of the newest attempt, pico-dollars")
    price_out: int = i8("price of an output token at those terms, pico-dollars")
    client_class: int = i4("its class")
    router: int = i4("its router")
    model: int = i4("the model that it asks for")
    prompt: int = i4("prompt, tokens")
    output: int = i4("drawn length of its answer, tokens: nobody but the provider's replica acts on it")
    max_tokens: int = i4("longest answer that its customer asks for, tokens; 0: no such limit")
    served: int = i4("length at which the answer ends at the newest attempt's offer, tokens")
    attempts: int = i4("attempts so far")
    earlier: int = i4("those at models before this one")
    asked: int = i4("fallback models that it has gone on to")
    live: int = i4("slot of the attempt whose messages count")
    second: int = i4("slot of the one that was sent beside it; the fields of an attempt are those of `live`")
    offer: int = i4("offer of the newest attempt")
    failure: int = i4("how the newest attempt failed (sim.policy); 0 if none has")
    cohort: int = i4("warm-up or measured (sim.engines.outcome)")
    probe: int = i4("1 if the live attempt tests a half-open breaker")
    stamp: int = i4("number of its timer; entries of the heap with an older one are void")
    bucket: int = i4("bucket of the wheel in which its timer hangs")
    timer_prev: int = i4("slot of the request before it in the bucket")
    timer_next: int = i4("slot of the request after it in the bucket")
    used: int = i4("offers that it remembers to have tried")
    generation: int = i4("tenants that the slot has had; a back-off of an older one is void")
    waiting: int = i4("what it waits for at its router (sim.engines.compiled.state); 0: nothing")
    prefix: int = i4("prompt tokens of its session's previous turn; billed as cached where there is no prefix cache")
    document: int = i4("what its prompt begins with, of its class's")
    priority: int = i4("higher ones leave queues first")
    kept_ppm: int = i4("what the discount of the newest attempt's terms leaves of the bill, millionths")
    chain: int = i4("slot of the closed loop that it is a turn of")
    own_key: int = i4("1 if the newest attempt comes with its customer's own key")
    pinned: int = i4("1 + number of the provider that alone may serve it; 0: anybody may")


class SecondAttempt(Record):
    """What a request's record holds of its live attempt, of the one that was sent beside it."""

    dispatch_s: float = f8("when it was sent, s")
    prompt_pico: int = i8("charge for the prompt at its terms, pico-dollars")
    price_out: int = i8("price of an output token, pico-dollars")
    kept_ppm: int = i4("what the discount of its terms leaves of the bill, millionths")
    served: int = i4("tokens that its offer would serve")
    offer: int = i4("its offer")
    probe: int = i4("1 if it tests a half-open breaker")
    own_key: int = i4("1 if it comes with its customer's own key")


class Attempt(Record):
    """One try of a request at one offer, as its provider sees it."""

    key: int = u8("the request's source of uniforms")
    arrived_s: float = f8("when it reached its provider, or what it holds will the replica that decodes, s")
    met: float = f8("requests per replica that were there then; 0 if providers publish nothing")
    order: int = i8("number of its admission at its replica")
    finish_v: int = i8("the replica's token clock when it will have its last token")
    weight: int = i8("the request's, tokens")
    request: int = i4("slot of its request")
    router: int = i4("the router that sent it")
    offer: int = i4("where it was sent")
    replica: int = i4("the replica that has it")
    prompt: int = i4("prompt, tokens")
    output: int = i4("whole answer as it is served, tokens; 0: its offer cannot hold the request")
    target: int = i4("token after which it leaves: its last, or where the stream breaks")
    credit: int = i4("tokens of its context that its replica's prefix cache holds for it; only where there is one")
    emitted: int = i4("tokens produced; while it decodes brought up to date only when it leaves")
    left: int = i4("tokens still to prefill")
    offset: int = i4("tokens prefilled since its admission")
    place: int = i4("where it is (sim.engines.compiled.state)")
    cancelled: int = i4("1 if it leaves at the next step boundary")
    refs: int = i4("who still holds it: its provider, and messages under way")
    number: int = i4("0 for the request's first attempt")
    client_class: int = i4("the request's class")
    priority: int = i4("the request's: higher ones leave queues first")
    own_key: int = i4("1 if it comes with its customer's own key")
    prev: int = i4("slot before it in the list that it is in")
    next: int = i4("slot after it in the list that it is in")


class Message(Record):
    """A message between a router and an offer."""

    due_s: float = f8("when it arrives, s")
    kind: int = i4("what it says (sim.engines.compiled.network)")
    attempt: int = i4("slot of the attempt")
    failure: int = i4("how the attempt failed; 0 if it says something else")
    request: int = i4("slot of the request")
    next: int = i4("slot of the message behind it on the lane")
    prev: int = i4("slot of the message before it on the lane")


class RareEvent(Record):
    """An entry of the heap of rare events."""

    due_s: float = f8("when it happens, s")
    key: int = u8("of the request, or number of the queue: ties go to the smaller one")
    kind: int = i4("time-out, retry, delayed failure or look (sim.engines.compiled.clock)")
    ref: int = i4("slot of the request, or of the attempt that failed, or the router whose queue is looked at")
    stamp: int = i4("the request's stamp or generation when it was made (void if it changed), the attempt's number, "
                    "or the model of the queue")
    failure: int = i4("how the attempt failed")


class Replica(Record):
    """An engine with its queue and batch, and the step or leap that it is in."""

    start_s: float = f8("when the step or leap began, s")
    next_s: float = f8("when it ends, s; inf if idle")
    a_first: float = f8("leap, first regime: a step without KV, s")
    b_first: float = f8("leap, first regime: each KV token read, s")
    a_second: float = f8("leap, second regime: a step without KV, s")
    b_second: float = f8("leap, second regime: each KV token read, s")
    first_s: float = f8("leap: duration of the first regime, s")
    origin_s: float = f8("leap: when the stretch that it belongs to began, s")
    stretch_slow: float = f8("leap: factor on step times in that stretch")
    crossing_s: float = f8("time inside the measured window of what crossed its end, s")
    share_began: float = f8("where the share of the rest of answers that is kept began (E31); only with such a reserve")
    steps: int = i8("steps of the leap (1 of a mixed step, 0 of one that prefills alone: nobody decodes)")
    split: int = i8("leap: steps of the first regime")
    done: int = i8("leap: steps of its stretch before it")
    vclock: int = i8("virtual token clock: steps done since it was idle last")
    kv_held: int = i8("KV memory in use, tokens")
    kv_decoding: int = i8("the part of it that decoding requests hold, tokens")
    outstanding: int = i8("weight of the requests here, tokens")
    backlog: int = i8("tokens still to compute here as of the last boundary")
    admitted: int = i8("admissions so far")
    prefill_tokens: int = i8("prefill tokens of the mixed step")
    leap_kv: int = i8("leap: KV tokens that its first step reads")
    share_steps: int = i8("steps since then that only decoded; -1: the next one does not count")
    offer: int = i4("its offer")
    doing: int = i4("idle, leaping, in a mixed step or in one that prefills alone (sim.engines.compiled.state)")
    decoding: int = i4("requests that decode: the length of its list of finishes")
    running: int = i4("requests in the batch")
    queue_head: int = i4("slot of the first waiting attempt")
    queue_tail: int = i4("slot of the last waiting attempt")
    queued: int = i4("waiting attempts")
    prefill_head: int = i4("slot of the first attempt in prefill")
    prefill_tail: int = i4("slot of the last attempt in prefill")
    finishes: int = i4("first place of its list of finishes (sim.engines.compiled.finish)")
    cancelled: int = i4("requests of the batch that were cancelled")
    leap_batch: int = i4("leap: requests that decode in it")
    leaf: int = i4("its leaf among the replicas of its shard")
    unbroken: int = i4("1 if all steps since the stretch began decoded the same requests and nothing else")
    full: int = i4("1 if somebody did not fit beside such a reserve, and nobody has left since")
    link: int = i4("its link to those that decode, if it only computes prompts; -1: none")


class LiveDeployment(Record):
    """One offer at its provider."""

    base_s: float = f8("E1 (sim.engines.steptime): a step that computes nothing, s")
    weights_s: float = f8("E1: reading the weights that every step touches, s")
    experts_s: float = f8("E1: reading all routed experts, s")
    miss_log: float = f8("E1: logarithm of the share of experts that a token misses; 0 for dense models")
    kv_s: float = f8("E1: reading a token of KV, s")
    token_s: float = f8("E1: computing a token, s")
    pair_s: float = f8("E1: a (query, key) pair of attention, s")
    comm_token_s: float = f8("E1: exchanging a token's activations, s")
    sequence_s: float = f8("E1: a request that decodes, s")
    request_s: float = f8("by which answers leave later than they are computed, s")
    slow: float = f8("factor on step times; 1 unless it is slow")
    fast_failure_share: float = f8("share of attempts that fail at the door")
    fast_failure_s: float = f8("after which time they do, s")
    midstream_share: float = f8("share of streams that break")
    first_share: float = f8("share of the rest of answers for which its replicas keep room at first")
    host_token_s: float = f8("to fetch a token of a prefix from host memory, s")
    kv_capacity: int = i8("KV memory of a replica, tokens")
    host_tokens: int = i8("tokens that host memory holds of a replica's prefix cache")
    overhead: int = i8("KV memory of each sequence besides its tokens, tokens")
    price_in: int = i8("posted base price, pico-dollars a prompt token")
    price_out: int = i8("posted base price, pico-dollars an output token")
    price_cached: int = i8("posted base price, pico-dollars a cached prompt token")
    price_write: int = i8("posted base price, pico-dollars a prompt token that is not read from the cache")
    price_request: int = i8("posted price of a request, pico-dollars")
    context: int = i8("longest prompt and answer together that routers may send, tokens")
    room: int = i8("longest prompt and answer together that a replica holds, tokens")
    tpm: int = i8("tokens a minute; 0: no limit")
    rpd: int = i8("requests a day; 0: no limit")
    tpd: int = i8("tokens a day; 0: no limit")
    timed: int = i8("first tokens whose times were noted; 0 if providers publish nothing")
    meter: int = i8("its first meter; -1: it has no limits a minute or day")
    own_meter: int = i8("its first meter of customers with own keys")
    first_replica: int = i4("its first replica; the others follow")
    replicas: int = i4("active ones: the first of them take new requests")
    most: int = i4("all of them")
    listed: int = i4("1 if routers see it")
    balancer: int = i4("index into sim.engines.world.BALANCERS")
    max_batch: int = i4("requests in a replica's batch at most")
    max_step_tokens: int = i4("tokens computed in a step at most")
    rpm: int = i4("requests a minute; 0: no limit")
    by_minute: int = i4("1 if its limits a minute count clock minutes, and are no buckets")
    per_customer: int = i4("1 if each client class has a meter, 0 if each router has one")
    queue: int = i4("requests that may wait beyond a batch; -1: no limit")
    down: int = i4("1 during an outage")
    turn: int = i4("whose turn it is in the round robin")
    central_head: int = i4("slot of the first attempt in the central queue")
    central_tail: int = i4("slot of the last attempt in the central queue")
    central_count: int = i4("attempts in the central queue")
    host: int = i4("the offer whose replicas serve it: itself, unless it shares a pool")
    tier: int = i4("service tier: index into sim.engines.service_tiers.SERVICE_TIERS")
    urgency: int = i4("what its tier adds to priorities of requests")
    kept_ppm: int = i4("what the discount leaves of a bill, millionths")
    scheduled: int = i4("1 if its price is more than base prices")
    tiers: int = i4("tiers of its price")
    first_tier: int = i4("place of the first of them; the others follow")
    room_for_tiers: int = i4("places that it has for them")
    block: int = i4("tokens of a block of its replicas' prefix caches; 0: they have none; -1: none "
                    "either, and what a bill calls cached is found")
    reserve: int = i4("room kept at admissions for the rest of answers: index into sim.engines.kept_room.RESERVES")
    preempts_shortest: int = i4("1 if whoever has emitted least is preempted, and not the newest")
    prefills_first: int = i4("1 if no step computes both prefill and decoding")
    pin: int = i4("what a request that is pinned to its provider says: 1 + the provider's number")


class LiveRouter(Record):
    """A router's settings (sim.scenario.router_settings)."""

    fee_ppm: float = f8("fee, millionths of a request's cost")
    own_key_fee_ppm: float = f8("fee where a customer's own key pays for it, millionths of a request's cost")
    exploration: float = f8("share of placements made uniformly")
    budget_s: float = f8("time since arrival after which nothing is tried again, s")
    backoff_s: float = f8("first pause before another try, s; 0: none")
    backoff_cap_s: float = f8("longest pause, s")
    jitter: float = f8("share by which pauses are lengthened at random")
    hedge_s: float = f8("time after which an attempt without first token gets a second beside it, s; inf: never")
    first_token_timeout_s: float = f8("time that an attempt has for its first token, s; inf: for ever")
    total_timeout_s: float = f8("time that a request has, s; inf: for ever")
    cooldown_s: float = f8("how long an offer rests after failures, s; 0: never")
    cooldown_window_s: float = f8("how long LiteLLM's rule counts, s")
    cooldown_share: float = f8("share of failures above which an offer rests by LiteLLM's rule")
    breaker_s: float = f8("how long a breaker stays open, s")
    affinity_ttl_s: float = f8("how long a session sticks to an offer, s; 0: not at all")
    ewma_weight: float = f8("weight of the newest sample in moving averages")
    slot_s: float = f8("grain of the windows, s")
    prior_ttft_s: float = f8("time to first token before any sample, s")
    prior_throughput: float = f8("throughput before any sample, tokens/s")
    many_refused: float = f8("share refused above which a learned capacity is cut")
    few_refused: float = f8("share refused from which a first capacity is learned, below which a known one grows")
    capacity_cut: float = f8("learned capacity, as a factor of the accepted rate, after many refusals")
    capacity_growth: float = f8("factor on a learned capacity after few refusals")
    stale_s: float = f8("time between copies of the view, s; 0: policies see the live one")
    slow_window_s: float = f8("time over which the weight of an offer that came back grows, s; 0: none")
    slow_aggression: float = f8("inverse of the power of time by which that share grows")
    slow_min_share: float = f8("least share of its weight")
    reads: int = i8("columns of the view that its policy or a feature reads, a bit each (sim.columns_read)")
    affinity_slots: int = i8("entries of the affinity table")
    tpm: int = i8("tokens a minute of a customer and model; 0: no limit")
    rpd: int = i8("requests a day; 0: no limit")
    tpd: int = i8("tokens a day; 0: no limit")
    meter: int = i8("its first meter; -1: it has no limits of its own")
    rpm: int = i4("requests a minute of a customer and model; 0: no limit")
    by_minute: int = i4("1 if its limits a minute count clock minutes, and are no buckets")
    max_attempts: int = i4("attempts of a request at most")
    retry_tried: int = i4("1 if a request that has tried everybody may start again")
    cooldown_rule: int = i4("index into sim.engines.rules.COOLDOWN_RULES")
    cooldown_after: int = i4("failures in a row after which an offer rests")
    cooldown_least: int = i4("requests from which the share of failures counts in LiteLLM's rule")
    cooldown_lone: int = i4("failures and nothing else that rest a lone offer by LiteLLM's rule")
    breaker_failures: int = i4("hard failures in a row that open the breaker; 0: there is none")
    breaker_successes: int = i4("probes done that close it")
    affinity_cheaper: int = i4("1 if sessions stick only where cached input is cheaper")
    affinity_by_hit: int = i4("1 if sessions stick only once something was found in a cache")
    outage_after: int = i4("hard failures in a row that are an outage signal")
    oracle: int = i4("1 if the policy sees the true work")
    observes: int = i4("1 if the policy observes")
    weighs: int = i4("1 if weights may be zero, or change")
    peers: int = i4("1 if offers without samples show a typical peer's values, 0 if they show the priors")
    shown: int = i4("row of its stale copy of the view; -1: policies see the live one")
    shares: int = i4("row of its counts of ended attempts by slot; -1: nobody reads shares of them")
    ttft_windows: int = i4("row of its windows of TTFT; -1: nobody reads percentiles of it")
    tpot_windows: int = i4("the same of the time per later token")
    throughput_windows: int = i4("the same of throughput")
    mirrors: int = i4("1 if providers publish nothing, so that its own numbers stand in")
    bills_parts: int = i4("1 if somebody pays for answers in part")
    broken_payer: int = i4("who pays for a broken stream: index into sim.engines.rules.PAYERS")
    left_payer: int = i4("who pays for a customer who left: index into the same")


class Seat(Record):
    """What one router keeps about one offer besides the row of its view: its health, and counts behind the view."""

    cool_until: float = f8("end of the cool-down, s")
    open_until: float = f8("when the breaker half opens, s")
    back_at: float = f8("when its breaker closed last, or it was listed again, s; -inf: never")
    weight: float = f8("the router's weight of the offer")
    done_until: float = f8("end of the window of recent answers, s")
    failed_until: float = f8("end of the window of recent failures, s")
    slot: int = i8("slot to which the windows were brought up")
    minute: int = i8("clock minute of the view's counters of this minute")
    window: int = i8("number of the learned capacity's window")
    failures: int = i4("failures since the last done")
    hard_failures: int = i4("hard ones since the last done")
    breaker: int = i4("closed, opened or half open (sim.engines.compiled.state)")
    successes: int = i4("probes done since the breaker was open last")
    probing: int = i4("1 while a probe is in flight")
    recent_done: int = i4("answers in LiteLLM's window")
    recent_failed: int = i4("failures in LiteLLM's window")
    ttft_seen: int = i4("1 once the average has had a sample")
    tpot_seen: int = i4("1 once the average has had a sample")
    throughput_seen: int = i4("1 once the average has had a sample")
    ended: int = i4("attempts ended in the learned capacity's window")
    refused_window: int = i4("refused ones among them")
    ended_30s: int = i4("attempts ended in the short window")
    errors_30s: int = i4("hard failures among them")
    refusals_30s: int = i4("refusals among them")
    ended_5m: int = i4("attempts ended in the long window")
    errors_5m: int = i4("hard failures among them")
    refusals_5m: int = i4("refusals among them")


class Meter(Record):
    """What a router, or a customer, took from a door with rate limits and has not come back."""

    seen_s: float = f8("when somebody looked last, s")
    requests: float = f8("requests missing from the bucket, or taken in the clock minute, sixtieths")
    tokens: float = f8("the same of tokens, sixtieths")
    day_requests: int = i8("requests in the day")
    day_tokens: int = i8("tokens in the day")


class RouterQueue(Record):
    """The requests for one model that wait at one router for an offer to return."""

    look_s: float = f8("when it is looked at next, s; inf: at no known time")
    head: int = i4("slot of the request that goes first")
    tail: int = i4("slot of the request that goes last")
    cursor: int = i4("slot of the request that the look under way places next")


class Client(Record):
    """A client class."""

    delay_s: float = f8("one way between customer and router, s")
    slo_ttft_s: float = f8("a good answer's first token comes within, s")
    slo_tpot_s: float = f8("and its later ones within, s a token")
    stay_s: float = f8("mean stay after the first token, s; inf: to the end")
    admits: int = i4("service tiers that its requests may be served at, bits (sim.engines.service_tiers.ADMITS)")
    tier: int = i4("service tier that they ask for")
    wants: int = i4("row of what it prefers; -1: nothing")
    rule: int = i4("by which its requests are placed unless they are pinned: index into sim.engines.wanted.RULES")
    shared: int = i4("tokens that its prompts begin with, of one of its documents")


class Stick(Record):
    """An entry of an affinity table."""

    expires: float = f8("until when it holds, s")
    session: int = i8("number of the session that sticks, plus one; 0: none (a table of zeros costs no memory)")
    offer: int = i4("the offer that it sticks to")


class Lane(Record):
    """A FIFO of the messages that share one delay."""

    delay_s: float = f8("of every message, s")
    head: int = i4("slot of the message that arrives first")
    tail: int = i4("slot of the message that was sent last")
