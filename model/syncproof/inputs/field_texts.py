"""The texts below the fields of a class in its source, which explain the fields and which Python discards."""

from __future__ import annotations

import ast
import inspect
import textwrap


def meanings(kind: type) -> dict[str, str]:
    """Return field -> the text below its declaration, for the fields that a class declares itself."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            value = after.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = " ".join(value.value.split())
    return found
