"""Policies as compiled code calls them: a table of addresses, two words a router, so there may be any number of them.

The engine is compiled once for all policies: a call goes to whatever function the router's word points to.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numba.core.ccallback import CFunc
from numba.core.cgutils import create_struct_proxy
from numba.extending import intrinsic

from sim.engines.compiled.shard_row import word
from sim.engines.policy_abi import CHOOSE_SIGNATURE, OBSERVE_SIGNATURE

_CHOOSE: Final = types.FunctionType(CHOOSE_SIGNATURE)
_OBSERVE: Final = types.FunctionType(OBSERVE_SIGNATURE)


class CompiledPolicy(NamedTuple):
    """Machine code of a policy."""

    choose: CFunc
    observe: CFunc


def policy_table(policies: Sequence[CompiledPolicy]) -> np.ndarray:
    """Addresses of ``choose`` and ``observe`` of each router's policy, int64 (routers, 2)."""
    return np.array([[policy.choose.address, policy.observe.address] for policy in policies], np.int64)


def _function(context: Any, builder: Any, kind: Any, words: Any, place: Any) -> Any:
    """Code that makes a first-class function from the address in a word."""
    function = create_struct_proxy(kind)(context, builder)  # type: ignore[no-untyped-call]
    address = word(context, builder, builder.gep(words, [place]), 0)
    function.c_addr = builder.inttoptr(address, function.c_addr.type)
    return function._getvalue()


@intrinsic
def chooser(typingctx: Any, policies: Any, router: Any) -> Any:
    """``choose`` of a router's policy."""
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, router = arguments
        place = builder.mul(router, context.get_constant(types.int64, 2))
        return _function(context, builder, _CHOOSE, words, place)

    return _CHOOSE(policies, types.int64), build


@intrinsic
def observer(typingctx: Any, policies: Any, router: Any) -> Any:
    """``observe`` of a router's policy."""
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, router = arguments
        place = builder.add(builder.mul(router, context.get_constant(types.int64, 2)),
                            context.get_constant(types.int64, 1))
        return _function(context, builder, _OBSERVE, words, place)

    return _OBSERVE(policies, types.int64), build
