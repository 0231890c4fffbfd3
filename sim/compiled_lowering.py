"""What the compiler may take for granted of the traffic engine's arrays and records, and numba cannot know.

No index counts from the end: numba would compare every one with zero, and read the array's length for it. And what is
written to a field changes no other field, nor an element of an array of plain numbers: without that the processor reads
again, after every write, all that it had read before (LLVM calls it type-based alias analysis). Nor can it know what is
rare: a function that is a call of its own is, unless it is in ``OFTEN``, and so is the way to it, which is moved aside.
"""

from types import CodeType
from typing import Any, Final

from llvmlite import ir as llvm
from numba.core import ir, types
from numba.core.lowering import Lower
from numba.core.typing.templates import signature as typed

OFTEN: Final = set[CodeType]()  # functions that are called often, though as calls of their own
_NO_OFFSET: Final = llvm.Constant(llvm.IntType(64), 0)


class EngineLower(Lower):
    """Numba's lowering with all three."""

    def pre_lower(self) -> None:
        """Say whether calls are rare."""
        super().pre_lower()  # type: ignore[no-untyped-call]
        if not self.fndesc.inline and self.func_ir.func_id.func.__code__ not in OFTEN:
            self.function.attributes.add("cold")

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        """Read an element."""
        return super().lower_getitem(resty, expr, value, index, from_the_front(signature))  # type: ignore[no-untyped-call]

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        """Write an element."""
        return super().lower_setitem(target_var, index_var, value_var, from_the_front(signature))  # type: ignore[no-untyped-call]

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        """Read a field or an element, among other expressions."""
        read = super().lower_expr(resty, expr)  # type: ignore[no-untyped-call]
        if isinstance(read, llvm.LoadInstr) and expr.op in ("getattr", "getitem", "static_getitem"):
            field = expr.attr if expr.op == "getattr" else ""
            self._name_memory(read, self.typeof(expr.value.name), field)  # type: ignore[no-untyped-call]
        return read

    def lower_inst(self, inst: Any) -> None:
        """Write a field or an element, among other statements."""
        super().lower_inst(inst)  # type: ignore[no-untyped-call]
        if not isinstance(inst, (ir.SetAttr, ir.SetItem, ir.StaticSetItem)):
            return
        written = self.builder.block.instructions[-1:]  # a slice's write ends in a block that is empty yet
        if written and isinstance(written[0], llvm.StoreInstr):
            field = inst.attr if isinstance(inst, ir.SetAttr) else ""
            self._name_memory(written[0], self.typeof(inst.target.name), field)  # type: ignore[no-untyped-call]

    def _name_memory(self, access: Any, kind: Any, field: str) -> None:
        """Mark a read or write as one of a record's field or of an array's element."""
        name = memory_name(kind, field)
        if name is None:
            return
        module = self.builder.module
        root = module.add_metadata(["tokenmarket"])
        memory = module.add_metadata([name, root, _NO_OFFSET])
        access.set_metadata("tbaa", module.add_metadata([memory, memory, _NO_OFFSET]))


def from_the_front(signature: Any) -> Any:
    """The signature of an access whose indices, if they are numbers, count from the front."""
    array, index, *value = signature.args
    if not isinstance(array, types.Array):
        return signature
    numbers = list(index) if isinstance(index, (types.Tuple, types.UniTuple)) else [index]
    if not all(isinstance(number, types.Integer) for number in numbers):
        return signature
    front = types.uintp if len(numbers) == 1 else types.UniTuple(types.uintp, len(numbers))  # type: ignore[no-untyped-call]
    return typed(signature.return_type, array, front, *value)  # type: ignore[no-untyped-call]


def memory_name(kind: Any, field: str) -> str | None:
    """A name that only accesses share which may meet in memory; None for what is not known.

    Records of one length whose fields have one name share it, which costs nothing but chances.
    """
    if isinstance(kind, types.Record):
        return f"{kind.size}.{field}"
    if isinstance(kind, types.Array) and isinstance(kind.dtype, types.Number):
        return str(kind.dtype)
    return None
