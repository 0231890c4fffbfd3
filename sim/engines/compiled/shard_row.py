"""A shard's memory as compiled code sees it: one address, from which arrays are read when they are used.

Handed from function to function as a tuple of arrays, a `State` is some four hundred numbers: each call copies them,
and the compiler types, lowers and optimises them anew in every function. Here it is a pointer to the row of words that
describes it (address and lengths of each array, in order), and ``state.clock.misc`` reads two words of that row.
"""

from typing import Any, Final

from numba import types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model
from numba.np import arrayobj

_WORDS: Final = types.CPointer(types.int64)  # type: ignore[no-untyped-call]
_STATE: Final[dict[str, Any]] = {}  # the type of State: known once there is one, and always the same


class MemoryType(types.Type):
    """The row of words that describes a tuple of arrays, or of such tuples."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        super().__init__(name=f"MemoryType({kind.name})")

    def part(self, name: str) -> Any:
        """Type of a field."""
        kind = self.kind.types[self.kind.fields.index(name)]
        return kind if isinstance(kind, types.Array) else MemoryType(kind)

    def place(self, name: str) -> int:
        """The first of a field's words."""
        return sum(width(kind) for kind in self.kind.types[:self.kind.fields.index(name)])


@register_model(MemoryType)
class _MemoryModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        words = manager[_WORDS].get_value_type()
        super().__init__(manager, kind, words)  # type: ignore[no-untyped-call]


@infer_getattr
class _MemoryAttributes(AttributeTemplate):
    key = MemoryType

    def generic_resolve(self, memory: MemoryType, name: str) -> Any:  # type: ignore[override]
        return memory.part(name) if name in memory.kind.fields else None


@lower_getattr_generic(MemoryType)  # type: ignore[no-untyped-call,untyped-decorator]
def _lower_field(context: Any, builder: Any, memory: MemoryType, words: Any, name: str) -> Any:
    kind, place = memory.part(name), memory.place(name)
    first = builder.gep(words, [context.get_constant(types.intp, place)])
    return _array(context, builder, kind, first) if isinstance(kind, types.Array) else first


def width(kind: Any) -> int:
    """How many words an array, or a tuple of them, is described by."""
    return 1 + kind.ndim if isinstance(kind, types.Array) else sum(width(part) for part in kind.types)


def know(state_type: Any) -> None:
    """Tell compiled code what the arrays of a `State` are; always the same."""
    _STATE["type"] = state_type


@intrinsic
def state_at(typingctx: Any, words: Any, row: Any) -> Any:
    """The memory of a shard: a row of a table of words."""
    memory = MemoryType(_STATE["type"])

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, row = arguments
        if isinstance(signature.args[0], types.Integer):
            words = builder.inttoptr(words, context.get_value_type(_WORDS))
        first = builder.mul(row, context.get_constant(types.intp, width(memory.kind)))
        return builder.gep(words, [first])

    return memory(words, row), build


def _array(context: Any, builder: Any, kind: Any, words: Any) -> Any:
    """Code that makes an array from its words."""
    element = context.get_data_type(kind.dtype)
    size = context.get_constant(types.intp, context.get_abi_sizeof(element))
    data, *shape = [word(context, builder, words, place) for place in range(1 + kind.ndim)]
    strides = [size]
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    array = arrayobj.make_array(kind)(context, builder)  # type: ignore[no-untyped-call]
    arrayobj.populate_array(  # type: ignore[no-untyped-call]
        array, data=builder.inttoptr(data, element.as_pointer()), shape=shape, strides=strides, itemsize=size,
        meminfo=None)
    return array._getvalue()


def word(context: Any, builder: Any, words: Any, place: int) -> Any:
    """A word of a row, which no compiled code changes: the optimiser may keep what it has read."""
    loaded = builder.load(builder.gep(words, [context.get_constant(types.intp, place)]))
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded
