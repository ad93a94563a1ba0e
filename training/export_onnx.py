"""Write an int8 model of vgglass (a VGG row without LRN) as ONNX, for comparison with other engines.

    python export_onnx.py model.safetensors out        # out.float.onnx, out.qdq.onnx, out.qoperator.onnx

Input `pixels`, float32 [1, 3, size, size]: pixel minus the rounded mean, the padding value of the paper. Output `logits`.
The weights are the file's own integers. float: dequantised, nothing else quantised. qdq and qoperator: the same network in
the two forms that onnxruntime runs in int8; activations are u8 with the file's scales (vgglass clamps them at 127, these at
255), the input u8 over its whole range.
"""
import argparse
import json
import re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

OPSETS = [helper.make_opsetid('', 17), helper.make_opsetid('com.microsoft', 1)]


class Layer:
    """A weighted layer: its integers, scales, and whether it opens a new block, which max-pooling precedes."""

    def __init__(self, file, name, scale_in, scale_out, pooled):
        self.name = name
        self.weight = file.get_tensor(f'{name}.weight')
        self.scale = file.get_tensor(f'{name}.scale')
        self.bias = file.get_tensor(f'{name}.bias')
        self.is_conv = self.weight.ndim == 4
        self.pad = self.weight.shape[-1] // 2 if self.is_conv else 0
        self.scale_in, self.scale_out = scale_in, scale_out
        self.pooled = pooled


class Source:
    """The file's layers in order, and what it says of its input."""

    def __init__(self, path):
        with safe_open(path, 'np') as file:
            metadata = file.metadata()
            network = json.loads(metadata['network'])
            scales = json.loads(metadata['activation_scales'])
            names = sorted({key.rsplit('.', 1)[0] for key in file.keys()}, key=order)
            if [name for name in scales if name not in names] or names[0] != 'conv1_1':
                raise SystemExit(f'{path}: {network["id"]} has layers that this program does not write')
            self.size = network['input_size']
            self.mean = np.floor(np.array(json.loads(metadata['mean'])) * 255 + .5)
            self.layers = []
            scale, block = 1.0, '1'
            for name in names:
                now = name[4] if name.startswith('conv') else 'fc'
                self.layers.append(Layer(file, name, scale, scales.get(name), pooled=now != block))
                scale, block = scales.get(name), now


def order(name):
    """conv1_1 ... conv5_3, fc6 ... fc8."""
    return name.startswith('fc'), [int(number) for number in re.findall(r'\d+', name)]


class Graph:
    """Nodes and constants under way; `last` is the value that the next node takes."""

    def __init__(self, source):
        self.nodes, self.constants = [], []
        self.source, self.last = source, 'pixels'

    def constant(self, name, value, dtype):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype), name))
        return name

    def add(self, operator, inputs, output, domain='', **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], output, domain=domain, **attributes))
        self.last = output

    def pool(self, name):
        self.add('MaxPool', [self.last], f'{name}.pooled', kernel_shape=[2, 2], strides=[2, 2])

    def save(self, path):
        size = self.source.size
        pixels = helper.make_tensor_value_info('pixels', TensorProto.FLOAT, [1, 3, size, size])
        classes = len(self.source.layers[-1].scale)
        logits = helper.make_tensor_value_info('logits', TensorProto.FLOAT, [1, classes])
        graph = helper.make_graph(self.nodes, 'vgglass', [pixels], [logits], self.constants)
        onnx.save(helper.make_model(graph, opset_imports=OPSETS, ir_version=8), path)


def float_graph(source):
    graph = Graph(source)
    for layer in source.layers:
        name, last = layer.name, layer is source.layers[-1]
        scale = layer.scale.reshape(-1, *[1] * (layer.weight.ndim - 1))
        weight = graph.constant(f'{name}.weight', layer.weight * scale, np.float32)
        bias = graph.constant(f'{name}.bias', layer.bias * (layer.scale_in * layer.scale), np.float32)
        if layer.pooled:
            graph.pool(name)
        if layer.is_conv:
            graph.add('Conv', [graph.last, weight, bias], f'{name}.sum', pads=[layer.pad] * 4)
        else:
            if layer.pooled:
                graph.add('Flatten', [graph.last], f'{name}.flat')
            graph.add('Gemm', [graph.last, weight, bias], 'logits' if last else f'{name}.sum', transB=1)
        if not last:
            graph.add('Relu', [graph.last], name)
    return graph


class Quantised(Graph):
    """A graph whose input is u8 over the range of pixel minus mean, with zero exactly representable."""

    def __init__(self, source):
        super().__init__(source)
        low, high = -source.mean.max(), 255 - source.mean.min()
        self.input_scale = (high - low) / 255
        self.input_zero = round(-low / self.input_scale)
        self.params = self.scale_of('pixels', self.input_scale, self.input_zero)

    def scale_of(self, name, scale, zero=0):
        return [self.constant(f'{name}.scale', scale, np.float32), self.constant(f'{name}.zero', zero, np.uint8)]

    def integers(self, layer):
        """Names of weight, its scale and zero, bias; the bias is in units of the layer's input scale here."""
        name = layer.name
        scale_in = self.input_scale if layer is self.source.layers[0] else layer.scale_in
        bias = np.rint(layer.bias * np.float64(layer.scale_in) / scale_in)
        return (
            self.constant(f'{name}.weight', layer.weight, np.int8),
            self.constant(f'{name}.weight.scale', layer.scale, np.float32),
            self.constant(f'{name}.weight.zero', np.zeros(len(layer.scale)), np.int8),
            self.constant(f'{name}.bias', bias, np.int32),
            scale_in * layer.scale,
        )


def qdq_graph(source):
    graph = Quantised(source)

    def quantised(name):
        """Rounds the last value to u8 and back, the form in which onnxruntime finds integer operators."""
        graph.add('QuantizeLinear', [graph.last, *graph.params], f'{name}.q')
        graph.add('DequantizeLinear', [graph.last, *graph.params], f'{name}.dq')

    quantised('pixels')
    for layer in source.layers:
        name, last = layer.name, layer is source.layers[-1]
        if layer.pooled:
            graph.pool(name)
            quantised(f'{name}.pooled')
            if not layer.is_conv:
                graph.add('Flatten', [graph.last], f'{name}.flat')
                quantised(f'{name}.flat')
        before = graph.last
        weight, scale, zero, bias, bias_scale = graph.integers(layer)
        graph.add('DequantizeLinear', [weight, scale, zero], f'{weight}.dq', axis=0)
        bias_scale = graph.constant(f'{bias}.scale', bias_scale, np.float32)
        graph.add('DequantizeLinear', [bias, bias_scale], f'{bias}.dq', axis=0)
        inputs = [before, f'{weight}.dq', f'{bias}.dq']
        if layer.is_conv:
            graph.add('Conv', inputs, f'{name}.sum', pads=[layer.pad] * 4)
        else:
            graph.add('Gemm', inputs, 'logits' if last else f'{name}.sum', transB=1)
        if not last:
            graph.add('Relu', [graph.last], name)
            graph.params = graph.scale_of(name, layer.scale_out)
            quantised(name)
    return graph


def qoperator_graph(source):
    graph = Quantised(source)
    graph.add('QuantizeLinear', ['pixels', *graph.params], 'pixels.q')
    for layer in source.layers:
        name, last = layer.name, layer is source.layers[-1]
        weight, scale, zero, bias, _ = graph.integers(layer)
        if layer.pooled:
            graph.pool(name)
        if layer.pooled and not layer.is_conv:
            graph.add('Flatten', [graph.last], f'{name}.flat')
        params = [] if last else graph.scale_of(name, layer.scale_out)
        operands = [graph.last, *graph.params, weight, scale, zero]
        # u8 with zero point 0: the rounding to u8 is the ReLU.
        if layer.is_conv:
            graph.add('QLinearConv', [*operands, *params, bias], name, pads=[layer.pad] * 4)
        else:
            graph.add('QGemm', [*operands, bias, *params], 'logits' if last else name, 'com.microsoft', transB=1)
        graph.params = params
    return graph


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('out', help='the files begin so')
    a = p.parse_args()
    source = Source(a.model)
    for form, graph in {'float': float_graph, 'qdq': qdq_graph, 'qoperator': qoperator_graph}.items():
        graph(source).save(f'{a.out}.{form}.onnx')


if __name__ == '__main__':
    main()
