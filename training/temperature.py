"""How honest are the percentages? Fit a temperature and print the reliability table and the worst confusions.

    python temperature.py --data DIR MODEL.safetensors VAL.safetensors [--labels ../tools/labels/tiny-imagenet-200.tsv]

The temperature (Guo et al. 2017) minimises the loss over the 2,000 training pictures that train.py holds out; the rest is
measured on the validation pictures, whose scores VAL (of export_logits.py) holds.
"""
import argparse

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import data
from networks import Network, load, metadata


def fit(logits, labels):
    """The temperature, by golden-section search over its logarithm."""
    low, high = -1.5, 1.5
    loss = lambda t: F.cross_entropy(logits / torch.tensor(t).exp(), labels).item()
    for _ in range(40):
        a, b = low + 0.382 * (high - low), low + 0.618 * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return torch.tensor((low + high) / 2).exp().item()


def reliability(logits, labels, temperature):
    """Ten bins of confidence: (pictures, mean confidence, accuracy); and the expected calibration error."""
    confidence, best = (logits / temperature).softmax(1).max(1)
    right = (best == labels).float()
    rows, error = [], 0.0
    for i in range(10):
        here = (confidence > i / 10) & (confidence <= (i + 1) / 10)
        if here.any():
            rows.append((int(here.sum()), confidence[here].mean().item(), right[here].mean().item()))
            error += rows[-1][0] / len(labels) * abs(rows[-1][1] - rows[-1][2])
    return rows, error


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('val')
    p.add_argument('--data', required=True, help='the folder tiny-imagenet-200')
    p.add_argument('--cache')
    p.add_argument('--labels', help='tsv with a header: wnid, en, zh')
    p.add_argument('--confusions', type=int, default=20)
    a = p.parse_args()
    torch.set_num_threads(2)
    about = metadata(a.model)
    network = Network(about.get('row', 'D'), float(about.get('width', 0.5)))
    load(network, a.model)
    network.eval()
    tensors = data.load(a.data, a.cache)
    _, held_out = data.split(tensors['train_labels'], 10)
    with torch.no_grad():
        logits = torch.cat([network(data.normalise(part)) for part in tensors['train_pictures'][held_out].split(250)])
    temperature = fit(logits, tensors['train_labels'][held_out])

    val = load_file(a.val)
    logits, labels = val['logits'], val['labels']
    before = reliability(logits, labels, 1.0)[1]
    rows, after = reliability(logits, labels, temperature)
    print(f'temperature {temperature:.3f}; calibration error on validation pictures {before:.3f} before, {after:.3f} after')
    for n, confidence, right in rows:
        print(f'  confidence {confidence:.3f}  accuracy {right:.3f}  ({n} pictures)')

    if a.labels:
        with open(a.labels) as f:
            names = [line.split('\t')[1] for line in f.read().splitlines()[1:]]
    else:
        names = data.classes(a.data)
    mixed = torch.zeros(len(names), len(names), dtype=torch.long)
    mixed.index_put_((labels, logits.argmax(1)), torch.ones(len(labels), dtype=torch.long), accumulate=True)
    mixed.fill_diagonal_(0)
    print('most mixed up (true -> said, of 50):')
    for i in mixed.flatten().topk(a.confusions).indices.tolist():
        true, said = divmod(i, len(names))
        print(f'  {names[true]} -> {names[said]}: {mixed[true, said]}')


if __name__ == '__main__':
    main()
