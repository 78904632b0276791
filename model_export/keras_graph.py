"""The same network in Keras, for the TFLite converter, with the weights PyTorch trained.

PyTorch pads a convolution of stride 2 on both sides, TensorFlow's "same" only behind: the
padding is a layer of its own here, so that both compute the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from model_export.network import InvertedResidual, MobileNetV2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from torch import nn

TORCH_NORM_EPSILON = 1e-5
Values = dict[str, list[Any]]
"""Weights by the name of the Keras layer that they belong to."""


def keras_twin(network: MobileNetV2, size: int, *, mirrored: bool = False) -> keras.Model:
    """A Keras model [1, size, size, 1] → [1, 8] that computes what `network` computes.

    Args:
        network: with trained weights.
        size: side of the input in pixels.
        mirrored: the mean of the face's logits and of its mirror image's, at twice the work.

    """
    values: Values = {}
    inputs = keras.Input((size, size, 1), batch_size=1, name="face")
    faces = _with_mirror_image(inputs) if mirrored else inputs
    x = _block(faces, network.features[0], "stem", values)
    for index, block in enumerate(network.features[1:-1]):
        x = _residual(x, block, f"block{index}", values)
    x = _block(x, network.features[-1], "head", values)
    x = _pooled(x, network, values)
    linear = network.classifier[1]
    values["logits"] = [_array(linear.weight).T, _array(linear.bias)]
    outputs = keras.layers.Dense(linear.out_features, name="logits")(x)
    if mirrored:
        outputs = keras.ops.mean(outputs, axis=0, keepdims=True)
    model = keras.Model(inputs, outputs)
    for name, arrays in values.items():
        model.get_layer(name).set_weights(arrays)
    return model


def _with_mirror_image(face: Any) -> Any:  # noqa: ANN401
    """[1, size, size, 1] → [2, size, size, 1]."""
    return keras.layers.Concatenate(axis=0, name="both")([face, keras.ops.flip(face, axis=2)])


def _pooled(x: Any, network: MobileNetV2, values: Values) -> Any:  # noqa: ANN401
    if network.pool is None:
        return keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.layers.Flatten(name="flat")(_convolution(x, network.pool, "pool", values))


def _array(tensor: Any) -> NDArray[np.float32]:  # noqa: ANN401 - a torch tensor or parameter
    return np.asarray(tensor.detach().numpy(), np.float32)


def _convolution(x: Any, conv: nn.Conv2d, name: str, values: Values) -> Any:  # noqa: ANN401
    if conv.padding[0]:
        x = keras.layers.ZeroPadding2D(conv.padding[0], name=f"{name}_pad")(x)
    weight = _array(conv.weight)
    options = {"strides": conv.stride[0], "use_bias": False, "name": name}
    if conv.groups > 1:
        values[name] = [weight.transpose(2, 3, 0, 1)]
        return keras.layers.DepthwiseConv2D(conv.kernel_size[0], **options)(x)
    values[name] = [weight.transpose(2, 3, 1, 0)]
    return keras.layers.Conv2D(conv.out_channels, conv.kernel_size[0], **options)(x)


def _normalised(x: Any, norm: nn.BatchNorm2d, name: str, values: Values) -> Any:  # noqa: ANN401
    parts = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    values[name] = [_array(part) for part in parts]
    return keras.layers.BatchNormalization(epsilon=TORCH_NORM_EPSILON, name=name)(x)


def _block(x: Any, block: nn.Sequential, name: str, values: Values) -> Any:  # noqa: ANN401
    x = _convolution(x, block[0], f"{name}_conv", values)
    x = _normalised(x, block[1], f"{name}_norm", values)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)


def _residual(x: Any, block: InvertedResidual, name: str, values: Values) -> Any:  # noqa: ANN401
    y = x
    *activated, projection, norm = block.conv
    for index, part in enumerate(activated):
        y = _block(y, part, f"{name}_{index}", values)
    y = _convolution(y, projection, f"{name}_project", values)
    y = _normalised(y, norm, f"{name}_project_norm", values)
    return keras.layers.Add(name=f"{name}_add")([x, y]) if block.has_shortcut else y


def int8_bytes(model: keras.Model, representative: Iterable[NDArray[np.float32]]) -> bytes:
    """A .tflite of a Keras model with int8 weights, activations, input and output.

    Args:
        model: as `keras_twin` makes it.
        representative: inputs [size, size, 1] whose activations set the ranges.

    """
    keras.config.disable_interactive_logging()  # a page of tensors for each conversion
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in representative)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())
