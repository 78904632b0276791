"""The same network in Keras, for the TFLite converter, with the weights PyTorch trained.

PyTorch pads a convolution of stride 2 on both sides, TensorFlow's "same" only behind: the
padding is a layer of its own here, so that both compute the same. The ranges of int8 stand in
the graph as layers that round to them, which is how the converter takes ranges that it does not
find out itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from contracts.preprocess import STANDARD_RANGE
from model_export.network import InvertedResidual, MobileNetV2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

    from model_export.rounding import Range

TORCH_NORM_EPSILON = 1e-5
INPUT_RANGE = (-STANDARD_RANGE, STANDARD_RANGE)


def keras_twin(
    network: MobileNetV2,
    size: int,
    *,
    mirrored: bool = False,
    ranges: Mapping[str, Range] | None = None,
) -> keras.Model:
    """A Keras model [1, size, size, 1] → [1, 8] that computes what `network` computes.

    Args:
        network: with trained weights.
        size: side of the input in pixels.
        mirrored: the mean of the face's logits and of its mirror image's, at twice the work.
        ranges: of every activation, to make int8 of; without them nothing is rounded.

    """
    graph = _Graph(ranges)
    inputs = keras.Input((size, size, 1), batch_size=1, name="face")
    outputs = graph.logits(inputs, network, mirrored=mirrored)
    model = keras.Model(inputs, outputs)
    for name, arrays in graph.values.items():
        model.get_layer(name).set_weights(arrays)
    return model


class Rounded(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """Rounds to the 256 steps between two ends; the converter reads its range off this."""

    def __init__(self, low: float, high: float, name: str) -> None:
        super().__init__(name=name)
        self.low, self.high = low, high

    def call(self, x: Any) -> Any:  # noqa: ANN401, D102 - the class says what goes in and out
        return tf.quantization.fake_quant_with_min_max_args(x, self.low, self.high, num_bits=8)


class _Graph:
    """Lays one layer on the other; x is a tensor of Keras throughout."""

    def __init__(self, ranges: Mapping[str, Range] | None) -> None:
        self.ranges = ranges
        self.values: dict[str, list[Any]] = {}
        """Weights by the name of the layer that they belong to."""

    def logits(self, x: Any, network: MobileNetV2, *, mirrored: bool) -> Any:  # noqa: ANN401
        if self.ranges:
            x = Rounded(*INPUT_RANGE, name="face_rounded")(x)
        if mirrored:  # [1, size, size, 1] → [2, size, size, 1]
            both = keras.layers.Concatenate(axis=0, name="both")
            x = both([x, keras.ops.flip(x, axis=2)])
        stem, *blocks, head = network.features
        x = self._block(x, stem, "stem")
        for index, block in enumerate(blocks):
            x = self._residual(x, block, f"block{index}")
        x = self._block(x, head, "head")
        x = self._pooled(x, network)
        linear = network.classifier[1]
        self.values["logits"] = [_array(linear.weight).T, _array(linear.bias)]
        x = self._rounded(keras.layers.Dense(linear.out_features, name="logits")(x), "logits")
        if mirrored:
            x = self._rounded(keras.ops.mean(x, axis=0, keepdims=True), "logits", "mean")
        return x

    def _rounded(self, x: Any, name: str, layer: str = "") -> Any:  # noqa: ANN401
        """To the range that goes by this name."""
        if not self.ranges:
            return x
        return Rounded(*self.ranges[name], name=f"{layer or name}_rounded")(x)

    def _pooled(self, x: Any, network: MobileNetV2) -> Any:  # noqa: ANN401
        if network.pool is None:
            return keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = self._rounded(self._convolution(x, network.pool, "pool"), "pool")
        return keras.layers.Flatten(name="flat")(x)

    def _convolution(self, x: Any, conv: nn.Conv2d, name: str) -> Any:  # noqa: ANN401
        if conv.padding[0]:
            x = keras.layers.ZeroPadding2D(conv.padding[0], name=f"{name}_pad")(x)
        weight = _array(conv.weight)
        options = {"strides": conv.stride[0], "use_bias": False, "name": name}
        if conv.groups > 1:
            self.values[name] = [weight.transpose(2, 3, 0, 1)]
            return keras.layers.DepthwiseConv2D(conv.kernel_size[0], **options)(x)
        self.values[name] = [weight.transpose(2, 3, 1, 0)]
        return keras.layers.Conv2D(conv.out_channels, conv.kernel_size[0], **options)(x)

    def _normalised(self, x: Any, norm: nn.BatchNorm2d, name: str) -> Any:  # noqa: ANN401
        parts = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
        self.values[name] = [_array(part) for part in parts]
        return keras.layers.BatchNormalization(epsilon=TORCH_NORM_EPSILON, name=name)(x)

    def _block(self, x: Any, block: nn.Sequential, name: str) -> Any:  # noqa: ANN401
        x = self._convolution(x, block[0], f"{name}_conv")
        x = self._normalised(x, block[1], f"{name}_norm")
        return self._rounded(keras.layers.ReLU(6.0, name=f"{name}_relu")(x), f"{name}_relu")

    def _residual(self, x: Any, block: InvertedResidual, name: str) -> Any:  # noqa: ANN401
        y = x
        *activated, projection, norm = block.conv
        for index, part in enumerate(activated):
            y = self._block(y, part, f"{name}_{index}")
        y = self._convolution(y, projection, f"{name}_project")
        norm_name = f"{name}_project_norm"
        y = self._rounded(self._normalised(y, norm, norm_name), norm_name)
        if not block.has_shortcut:
            return y
        return self._rounded(keras.layers.Add(name=f"{name}_add")([x, y]), f"{name}_add")


def _array(tensor: Any) -> NDArray[np.float32]:  # noqa: ANN401 - a torch tensor or parameter
    return np.asarray(tensor.detach().numpy(), np.float32)


def int8_bytes(model: keras.Model) -> bytes:
    """A .tflite of int8 weights, activations, input and output.

    Args:
        model: as `keras_twin` makes it of ranges.

    """
    keras.config.disable_interactive_logging()  # a page of tensors for each conversion
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())
