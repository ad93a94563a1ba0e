"""Run a float network over the 10,000 validation pictures and keep its scores, for the Rust evaluator to be compared with.

    python export_logits.py --data DIR MODEL.safetensors OUT.safetensors [--row D --width 0.5]
    python export_logits.py --data DIR --calibration OUT.safetensors     # no network: training pictures, 10 a class

OUT: `pictures` u8 [N,3,64,64], `labels` i64 [N], and with a network `logits` f32 [N,200].
"""
import argparse

import torch
from safetensors.torch import save_file

import data
from networks import ROWS, Network, load, metadata


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model', nargs='?')
    p.add_argument('out')
    p.add_argument('--data', required=True, help='the folder tiny-imagenet-200')
    p.add_argument('--cache')
    p.add_argument('--row', choices=ROWS, help='default: what the file says, or D')
    p.add_argument('--width', type=float, help='default: what the file says, or 0.5')
    p.add_argument('--calibration', action='store_true')
    p.add_argument('--threads', type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    tensors = data.load(a.data, a.cache)

    if a.calibration:
        # The pictures that training may hold out: the last ten of a fixed shuffle of each class.
        _, chosen = data.split(tensors['train_labels'], 10)
        save_file({'pictures': tensors['train_pictures'][chosen].contiguous(),
                   'labels': tensors['train_labels'][chosen].contiguous()}, a.out)
        print(f'{len(chosen)} training pictures')
        return

    about = metadata(a.model)
    network = Network(a.row or about.get('row', 'D'), a.width or float(about.get('width', 0.5)))
    load(network, a.model)
    network.eval()
    pictures, labels = tensors['val_pictures'], tensors['val_labels']
    with torch.no_grad():
        logits = torch.cat([network(data.normalise(part)) for part in pictures.split(250)])
    best = logits.topk(5).indices
    right = best == labels[:, None]
    print(f'{len(labels)} pictures: top-1 {right[:, 0].float().mean():.4f}, top-5 {right.any(1).float().mean():.4f}')
    save_file({'pictures': pictures.contiguous(), 'labels': labels.contiguous(), 'logits': logits.contiguous()}, a.out)


if __name__ == '__main__':
    main()
