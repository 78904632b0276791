"""Runs a quantised .tflite; the one module here that knows the runtime."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from contracts.preprocess import CROP_SIZE, dequantise, quantise, standardise

if TYPE_CHECKING:
    from numpy.typing import NDArray


class QuantisedNetwork:
    """Face crops to logits on one thread, with scales and zero points read from the file."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    @property
    def size(self) -> int:
        """Side of the input in pixels."""
        return int(self._input["shape"][1])

    @property
    def border_types(self) -> tuple[str, str]:
        """Types of the input and the output tensor, such as `int8`."""
        return np.dtype(self._input["dtype"]).name, np.dtype(self._output["dtype"]).name

    def scales(self) -> set[float]:
        """Sizes of the steps of all its tensors, weights included."""
        details = self._interpreter.get_tensor_details()
        return {float(s) for tensor in details for s in tensor["quantization_parameters"]["scales"]}

    def judges_mirror_images(self) -> bool:
        """Whether the file takes the mean with the mirror image: it then cannot tell them apart."""
        crop = np.random.default_rng(1).integers(0, 256, (CROP_SIZE, CROP_SIZE), np.uint8)
        return bool((self.logits(crop) == self.logits(crop[:, ::-1].copy())).all())

    def logits(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 [8] of one crop uint8 [48, 48]."""
        scale, zero_point = self._input["quantization"]
        face = quantise(standardise(crop, self.size), scale, zero_point, self._input["dtype"])
        self._interpreter.set_tensor(self._input["index"], face[None])
        self._interpreter.invoke()
        return dequantise(
            self._interpreter.get_tensor(self._output["index"])[0], *self._output["quantization"]
        )

    def all_logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 [n, 8] of crops uint8 [n, 48, 48]."""
        return np.stack([self.logits(crop) for crop in crops])

    def milliseconds(self, crops: NDArray[np.uint8]) -> float:
        """Median CPU milliseconds from crop to logits, one thread."""
        spent = []
        for crop in crops:
            began = time.thread_time()
            self.logits(crop)
            spent.append(time.thread_time() - began)
        return float(np.median(spent)) * 1000
