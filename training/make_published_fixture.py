"""Tiny random networks under the names of published weights, with their scores, to test readers of such files.

    python make_published_fixture.py OUT_DIR

For vgg11, vgg11_bn, vgg13, vgg16, vgg16_bn, vgg19_bn at 1/32 of the width, 64x64 pictures, 24 hidden units, 10 classes:
    NAME.tv.safetensors      torchvision's keys: features.N.*, classifier.{0,3,6}.*
    NAME.timm.safetensors    timm's: features.N.*, pre_logits.fc1 [24,16,2,2], pre_logits.fc2 [24,24,1,1], head.fc
    NAME.scores.safetensors  `pictures` u8 [4,3,64,64], `logits` f32 [4,10]
and for vgg11_bn also NAME.pth (zip) and NAME.legacy.pth (the format before PyTorch 1.6).
The layer indices come from torchvision's own constructor, so that they cannot be wrong here.
"""
import os
import sys

import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from data import normalise

NAMES = ['vgg11', 'vgg11_bn', 'vgg13', 'vgg16', 'vgg16_bn', 'vgg19_bn']
SHRINK, SIDE, HIDDEN, CLASSES = 32, 64, 24, 10


def tiny(name):
    """torchvision's network with every width divided; the modules keep their places."""
    with torch.device('meta'):
        network = torchvision.models.get_model(name, weights=None)
    c = 3
    for i, layer in enumerate(network.features):
        if isinstance(layer, nn.Conv2d):
            out = layer.out_channels // SHRINK
            network.features[i] = nn.Conv2d(c, out, 3, padding=1)
            nn.init.kaiming_normal_(network.features[i].weight, nonlinearity='relu')
            nn.init.uniform_(network.features[i].bias, -0.2, 0.2)
            c = out
        elif isinstance(layer, nn.BatchNorm2d):
            bn = network.features[i] = nn.BatchNorm2d(c)
            for tensor, low, high in ((bn.weight, 0.5, 1.5), (bn.bias, -0.3, 0.6),
                                      (bn.running_mean, -0.3, 0.3), (bn.running_var, 0.5, 2.0)):
                nn.init.uniform_(tensor, low, high)
    side = SIDE // 32
    network.avgpool = nn.AdaptiveAvgPool2d(side)
    for i, (n_in, n_out) in {0: (c * side * side, HIDDEN), 3: (HIDDEN, HIDDEN), 6: (HIDDEN, CLASSES)}.items():
        network.classifier[i] = nn.Linear(n_in, n_out)
        nn.init.kaiming_normal_(network.classifier[i].weight, nonlinearity='relu')
    return network.eval()


def timm_names(tensors, channels):
    """The same tensors as timm's vggNN.tv_in1k files name and shape them: without batch counters, fc as convolutions."""
    out = {k: v for k, v in tensors.items() if k.startswith('features.') and not k.endswith('num_batches_tracked')}
    for ours, theirs, shape in (('classifier.0', 'pre_logits.fc1', (HIDDEN, channels, SIDE // 32, SIDE // 32)),
                                ('classifier.3', 'pre_logits.fc2', (HIDDEN, HIDDEN, 1, 1)),
                                ('classifier.6', 'head.fc', (CLASSES, HIDDEN))):
        out[theirs + '.weight'] = tensors[ours + '.weight'].reshape(shape)
        out[theirs + '.bias'] = tensors[ours + '.bias']
    return out


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(11)
    torch.set_num_threads(1)
    pictures = torch.randint(0, 256, (4, 3, SIDE, SIDE), dtype=torch.uint8)
    for name in NAMES:
        network = tiny(name)
        with torch.no_grad():
            logits = network(normalise(pictures))
        tensors = {k: v.detach().clone().contiguous() for k, v in network.state_dict().items()}
        save_file(tensors, f'{folder}/{name}.tv.safetensors')
        save_file({k: v.contiguous().clone() for k, v in timm_names(tensors, 512 // SHRINK).items()}, f'{folder}/{name}.timm.safetensors')
        save_file({'pictures': pictures, 'logits': logits.contiguous()}, f'{folder}/{name}.scores.safetensors')
        if name == 'vgg11_bn':
            torch.save(tensors, f'{folder}/{name}.pth')
            torch.save(tensors, f'{folder}/{name}.legacy.pth', _use_new_zipfile_serialization=False)
        print(name, [round(v, 3) for v in logits[0, :4].tolist()], 'spread over pictures', round(logits.std(0).mean().item(), 3))


if __name__ == '__main__':
    main()
