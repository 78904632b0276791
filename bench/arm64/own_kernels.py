"""The int8 network without XNNPACK: by the runtime's own code, which rounds otherwise.

XNNPACK multiplies a sum by its scale in floating point and rounds once, to the nearest even number;
the runtime's own kernels do it in fixed point with two roundings (Jacob et al. 2018,
arXiv:1712.05877, 2.2). A value that lies between two steps may become either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from contracts.model_manifest import read_manifest, verified_bytes
from device.vision.sight import MODELS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def logits_of_own_kernels(inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """The emotion model's int8 outputs [m, 8] of its int8 inputs [m, size, size, 1]."""
    interpreter = Interpreter(
        model_content=verified_bytes(read_manifest(MODELS / "emotion.json"), MODELS),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for values in inputs:
        interpreter.set_tensor(entry["index"], values[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(out["index"]).reshape(-1))
    return np.asarray(found, np.int8)
