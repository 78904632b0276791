"""The one module that knows the TFLite runtime.

`ai_edge_litert` is the runtime under its present name and is taken when it is installed. Where
only its predecessor `tflite_runtime` is (Python 3.11 at most, numpy 1.26), that one runs the
same models, more slowly.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from contracts.model_manifest import ModelError
from contracts.preprocess import dequantise, quantise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from numpy.typing import NDArray

RUNTIMES = ("ai_edge_litert", "tflite_runtime")
"""Packages that hold the interpreter, best first."""


class _Interpreter(Protocol):
    def allocate_tensors(self) -> None: ...
    def resize_tensor_input(self, index: int, shape: tuple[int, ...]) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def set_tensor(self, index: int, value: NDArray[np.generic]) -> None: ...
    def get_tensor(self, index: int) -> NDArray[np.generic]: ...
    def invoke(self) -> None: ...


@dataclass(frozen=True)
class Tensor:
    """An input or output of a model."""

    name: str
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    scale: float
    """Real value of one step; 0 when the tensor is not quantised."""
    zero_point: int


class TfliteModel:
    """A model that was read into memory, ready to run on `threads` threads.

    Takes bytes, never a path: what runs is what was verified.

    Args:
        content: the .tflite.
        threads: how many the runtime may use.
        shape: of the input, where it is another than the model's own.

    Raises:
        ModelError: the bytes are no TFLite model, it cannot take that shape, or no runtime is
            installed.

    """

    def __init__(
        self, content: bytes, threads: int = 1, shape: tuple[int, ...] | None = None
    ) -> None:
        self._interpreter = _opened(content, threads, shape)
        self.inputs = tuple(map(_tensor, self._interpreter.get_input_details()))
        self.outputs = tuple(map(_tensor, self._interpreter.get_output_details()))

    def run(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Outputs in real values, float32 in the shapes of `outputs`.

        Args:
            values: real values in the shape of the model's one input; they are quantised here
                when the model wants that.

        """
        entry = self.inputs[0]
        tensor = quantise(values, entry.scale, entry.zero_point, entry.dtype)
        self._interpreter.set_tensor(entry.index, tensor)
        self._interpreter.invoke()
        return tuple(
            dequantise(self._interpreter.get_tensor(t.index), t.scale, t.zero_point)
            for t in self.outputs
        )


def installed_runtime() -> str:
    """Name of the runtime package that will be used.

    Raises:
        ModelError: none is installed; says which to install.

    """
    for package in RUNTIMES:
        if importlib.util.find_spec(package):
            return package
    msg = "no TFLite runtime is installed: `pip install ai-edge-litert` brings it"
    raise ModelError(msg)


def _opened(content: bytes, threads: int, shape: tuple[int, ...] | None) -> _Interpreter:
    module = importlib.import_module(f"{installed_runtime()}.interpreter")
    with _native_chatter() as chatter:
        try:
            interpreter: _Interpreter = module.Interpreter(
                model_content=content, num_threads=threads
            )
            if shape:
                interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            chatter.seek(0)
            said = chatter.read().decode(errors="replace").strip()
            msg = f"the runtime cannot read the model: {error} {said}".strip()
            raise ModelError(msg) from error
    return interpreter


@contextlib.contextmanager
def _native_chatter() -> Iterator[IO[bytes]]:
    """What native code writes to stderr meanwhile: the runtime greets each model there."""
    kept, sink = os.dup(2), os.memfd_create("chatter")
    os.dup2(sink, 2)
    try:
        with os.fdopen(sink, "r+b") as chatter:
            yield chatter
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _tensor(detail: dict[str, Any]) -> Tensor:
    scale, zero_point = detail["quantization"]
    return Tensor(
        name=detail["name"],
        index=detail["index"],
        shape=tuple(int(n) for n in detail["shape"]),
        dtype=np.dtype(detail["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )
