"""Float weights to train on from, out of an int8 model that the page ships: for when the float file is gone.

    python unquantise.py --data tiny-imagenet-200 ../www/models/vgg16-half-tiny.safetensors start.safetensors

The int8 file has batch norm folded into its weights. Here every layer gets a batch norm back that undoes itself on the
statistics of `--pictures` training pictures: the network computes what the int8 weights say, and trains like any other.
"""
import argparse
import json

import torch
from safetensors.torch import load_file

import data
from networks import BN_EPS, Network, metadata, save
from train import accuracy


def affine(path, about, order):
    """{layer: (weight, bias)}, in order, of the folded network on normalised pictures."""
    tensors, scales = load_file(path), json.loads(about['activation_scales'])
    scale_in = 1.0
    out = {}
    for name in order:
        if name + '.weight' not in tensors:
            continue
        scale = tensors[name + '.scale']
        weight = tensors[name + '.weight'].float() * scale.view(-1, *[1] * (tensors[name + '.weight'].ndim - 1))
        bias = tensors[name + '.bias'].float() * scale * scale_in
        if name == 'conv1_1':
            # The engine's input is the byte minus the rounded mean; its weights have 1 / (255 std) in them.
            bias += (weight * (data.MEAN - data.MEAN.round())).sum((1, 2, 3))
            weight = weight * data.STD
        out[name] = weight, bias
        scale_in = scales.get(name)
    return out


@torch.no_grad()
def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--data', required=True, help='the folder tiny-imagenet-200')
    p.add_argument('--cache', help='file for the decoded pictures (default: beside --data)')
    p.add_argument('--pictures', type=int, default=1000)
    p.add_argument('model')
    p.add_argument('out')
    a = p.parse_args()
    tensors = data.load(a.data, a.cache)
    train, held_out = data.split(tensors['train_labels'], 10)
    pick = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(1))[:a.pictures]]

    about = metadata(a.model)
    row = json.loads(about['network'])
    network = Network(row['id'], row['width']).eval()
    layers = affine(a.model, about, network.order)

    def undo_itself(bias):
        def hook(bn, inputs):
            x = inputs[0].transpose(0, 1).flatten(1)
            variance, mean = torch.var_mean(x, 1, correction=0)
            bn.running_mean.copy_(mean)
            bn.running_var.copy_(variance)
            bn.weight.copy_((variance + BN_EPS).sqrt())
            bn.bias.copy_(mean + bias)
        return hook

    hooks = []
    for name, (weight, bias) in layers.items():
        layer = getattr(network, name)
        layer.weight.copy_(weight)
        if hasattr(layer, 'bn'):
            hooks.append(layer.bn.register_forward_pre_hook(undo_itself(bias)))
        else:
            layer.bias.copy_(bias)
    network(data.normalise(tensors['train_pictures'][pick]))
    for hook in hooks:
        hook.remove()
    top1, top5 = accuracy(network, tensors['train_pictures'][held_out], tensors['train_labels'][held_out])
    print(f'held-out training pictures: top-1 {top1:.2%}, top-5 {top5:.2%}')
    save(network.tensors(), a.out, row=row['id'], width=row['width'], start=a.model)


if __name__ == '__main__':
    main()
