"""The networks of the paper's Table 1 (and a small AlexNet), at any width, for 64x64 pictures.

A network is a list of layer names in the lecture's order; every convolution and every hidden fully connected
layer is followed by batch norm while it trains. The parameters are named as the files that `training/` writes and
the quantiser reads: `conv3_2.weight`, `conv3_2.bn.weight`, ..., `fc8.bias` (see README.md).
"""
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

# One string a block: '3' is a 3x3 convolution, '1' a 1x1 one, 'n' a local response normalisation. 2x2 max-pooling ends each.
BLOCKS = {
    'A': ['3', '3', '33', '33', '33'],
    'A-LRN': ['3n', '3', '33', '33', '33'],
    'B': ['33', '33', '33', '33', '33'],
    'C': ['33', '33', '331', '331', '331'],
    'D': ['33', '33', '333', '333', '333'],
    'E': ['33', '33', '3333', '3333', '3333'],
}
CHANNELS = [64, 128, 256, 512, 512]
# (name, what): a convolution's kernel, channels, stride, padding; a pooling's kernel and stride; or None for the normalisation.
ALEXNET = [
    ('conv1', (11, 96, 4, 2)), ('lrn1', None), ('pool1', (3, 2)),
    ('conv2', (5, 256, 1, 2)), ('lrn2', None), ('pool2', (3, 2)),
    ('conv3', (3, 384, 1, 1)), ('conv4', (3, 384, 1, 1)), ('conv5', (3, 256, 1, 1)), ('pool5', (3, 2)),
]
ROWS = [*BLOCKS, 'AlexNet']
HIDDEN = 1024  # width of fc6 and fc7 at width 1, for 64x64 pictures
BN_EPS = 1e-5


class Conv(nn.Conv2d):
    """Convolution, batch norm, ReLU."""

    def __init__(self, c_in, c_out, kernel, stride=1, padding=None):
        super().__init__(c_in, c_out, kernel, stride, kernel // 2 if padding is None else padding, bias=False)
        self.bn = nn.BatchNorm2d(c_out, eps=BN_EPS)
        nn.init.kaiming_normal_(self.weight, mode='fan_out', nonlinearity='relu')
        self.folded = None

    def forward(self, x):
        if self.folded is not None:
            return F.relu_(F.conv2d(x, *self.folded, self.stride, self.padding))
        return F.relu_(self.bn(super().forward(x)))

    def freeze(self):
        """Stop training this layer and run it with its batch norm folded in: less than a third of the work."""
        self.requires_grad_(False)
        scale = self.bn.weight / (self.bn.running_var + BN_EPS).sqrt()
        weight = (self.weight * scale.view(-1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
        self.folded = weight, self.bn.bias - self.bn.running_mean * scale


class Linear(nn.Linear):
    """Fully connected layer, batch norm, ReLU."""

    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out, bias=False)
        self.bn = nn.BatchNorm1d(n_out, eps=BN_EPS)

    def forward(self, x):
        return F.relu_(self.bn(super().forward(x)))


def scaled(channels, width):
    return max(1, int(channels * width + 0.5))


class LRN(nn.Module):
    """Krizhevsky 2012: x / (k + alpha * sum of the squares of 5 neighbouring channels) ** beta, the sum not divided by 5."""

    def __init__(self, size=5, alpha=1e-4, beta=0.75, k=2.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x):
        squares = F.pad(x.float().square(), (0, 0, 0, 0, self.size // 2, self.size // 2))
        total = sum(squares[:, i:i + x.shape[1]] for i in range(self.size))
        return (x * (self.k + self.alpha * total) ** -self.beta).to(x.dtype)


def layers(row, width):
    """[(name, layer)] up to the last pooling, and the channels there."""
    out, c = [], 3
    if row == 'AlexNet':
        for name, what in ALEXNET:
            if name.startswith('conv'):
                kernel, channels, stride, padding = what
                out.append((name, Conv(c, scaled(channels, width), kernel, stride, padding)))
                c = scaled(channels, width)
            else:
                out.append((name, LRN() if what is None else nn.MaxPool2d(*what)))
        return out, c
    for b, block in enumerate(BLOCKS[row], 1):
        k = 0
        for kind in block:
            if kind == 'n':
                out.append((f'lrn{b}', LRN()))
            else:
                k += 1
                out.append((f'conv{b}_{k}', Conv(c, scaled(CHANNELS[b - 1], width), int(kind))))
                c = scaled(CHANNELS[b - 1], width)
        out.append((f'pool{b}', nn.MaxPool2d(2)))
    return out, c


class Network(nn.Module):
    """`row` of the table at `width` (1 is the paper's); `order` is the sequence of the names of its layers."""

    def __init__(self, row, width=0.5, classes=200, dropout=0.0):
        super().__init__()
        if row not in ROWS:
            raise ValueError(f'no network {row!r}: one of {", ".join(ROWS)}')
        self.row, self.width, self.dropout, self.order = row, width, dropout, []
        convolutions, c = layers(row, width)
        for name, layer in convolutions:
            self.add(name, layer)
        # The last pooling's side for a 64x64 picture; pictures of other sizes, which training may use, are averaged to it.
        side = 1 if row == 'AlexNet' else 2
        self.add('to_native', nn.AdaptiveAvgPool2d(side))
        hidden = scaled(HIDDEN, width)
        self.add('fc6', Linear(side * side * c, hidden))
        self.add('fc7', Linear(hidden, hidden))
        self.add('fc8', nn.Linear(hidden, classes))
        self.to(memory_format=torch.channels_last)

    def add(self, name, layer):
        self.add_module(name, layer)
        self.order.append(name)

    def forward(self, x):
        for name in self.order:
            if name == 'fc6':
                x = x.flatten(1)
            x = getattr(self, name)(x)
            if name in ('fc6', 'fc7') and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
        return x

    def freeze_blocks(self, n):
        """Keep the first n modules of convolutions as they are."""
        for name in self.order:
            if name.startswith('conv') and int(name[4]) <= n:
                getattr(self, name).freeze()

    def train(self, mode=True):
        super().train(mode)
        for layer in self.children():
            if getattr(layer, 'folded', None) is not None:
                layer.eval()
        return self

    def tensors(self):
        """What is written to a file: all but PyTorch's batch counters."""
        return {k: v for k, v in self.state_dict().items() if not k.endswith('num_batches_tracked')}


def save(tensors, path, dtype=torch.float32, **about):
    """Write weights, with what they are in the file's metadata."""
    tensors = {k: v.detach().to(dtype).contiguous(memory_format=torch.contiguous_format).clone() for k, v in tensors.items()}
    save_file(tensors, path, {k: str(v) for k, v in about.items()})


def folded(network):
    """The rows of the paper themselves: a weight and a bias a layer, batch norm multiplied into them."""
    out = {}
    for name in network.order:
        layer = getattr(network, name)
        if hasattr(layer, 'bn'):
            scale = layer.bn.weight / (layer.bn.running_var + BN_EPS).sqrt()
            out[name + '.weight'] = layer.weight * scale.view(-1, *[1] * (layer.weight.ndim - 1))
            out[name + '.bias'] = layer.bn.bias - layer.bn.running_mean * scale
        elif hasattr(layer, 'weight'):
            out[name + '.weight'], out[name + '.bias'] = layer.weight, layer.bias
    return {k: v.detach() for k, v in out.items()}


def load(network, path):
    """Read weights of the same row and width; every name must be there and no other."""
    tensors = {k: v.float() for k, v in load_file(path).items()}
    want = network.tensors()
    if tensors.keys() != want.keys():
        raise SystemExit(f'{path}: names differ: {sorted(tensors.keys() ^ want.keys())[:6]}')
    network.load_state_dict({**network.state_dict(), **tensors})


def metadata(path):
    with safe_open(path, 'pt') as f:
        return f.metadata() or {}
