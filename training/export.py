"""Write a trained network for others: batch norm folded into weights and biases, and/or as float16.

    python export.py final.safetensors out.safetensors --folded --half
"""
import argparse

import torch

from networks import ROWS, Network, folded, load, metadata, save


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model')
    p.add_argument('out')
    p.add_argument('--row', choices=ROWS, help='default: what the file says, or D')
    p.add_argument('--width', type=float, help='default: what the file says, or 0.5')
    p.add_argument('--folded', action='store_true', help='one weight and one bias a layer')
    p.add_argument('--half', action='store_true', help='float16')
    a = p.parse_args()
    about = {'row': 'D', 'width': 0.5} | metadata(a.model)
    about |= {'row': a.row or about['row'], 'width': a.width or about['width']}
    network = Network(about['row'], float(about['width']))
    load(network, a.model)
    save(folded(network) if a.folded else network.tensors(), a.out, torch.float16 if a.half else torch.float32, **about)


if __name__ == '__main__':
    main()
