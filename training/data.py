"""Tiny ImageNet as one uint8 tensor in memory; augmentation on whole batches."""
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file

SIDE = 64
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255


def classes(folder):
    """The class ids in the order of the labels."""
    with open(f'{folder}/wnids.txt') as f:
        return f.read().split()


def read_pictures(paths):
    def read(path):
        return np.asarray(Image.open(path).convert('RGB')).transpose(2, 0, 1)

    out = np.empty((len(paths), 3, SIDE, SIDE), np.uint8)
    with ThreadPoolExecutor(2) as pool:
        for i, picture in enumerate(pool.map(read, paths)):
            out[i] = picture
    return torch.from_numpy(out)


def load(folder, cache=None):
    """{train,val}_pictures (u8, N x 3 x 64 x 64) and _labels; decoded once and kept in `cache`, by default beside the folder."""
    cache = cache or os.path.join(os.path.dirname(os.path.abspath(folder)), 'tiny64.safetensors')
    if not os.path.exists(cache):
        label = {wnid: i for i, wnid in enumerate(classes(folder))}
        train = [(f'{folder}/train/{w}/images/{name}', i) for w, i in label.items()
                 for name in sorted(os.listdir(f'{folder}/train/{w}/images')) if name.endswith('.JPEG')]
        with open(f'{folder}/val/val_annotations.txt') as f:
            val = [(f'{folder}/val/images/{line.split()[0]}', label[line.split()[1]]) for line in f]
        tensors = {}
        for name, rows in (('train', train), ('val', val)):
            print(f'decoding {len(rows)} {name} pictures', flush=True)
            tensors[name + '_pictures'] = read_pictures([path for path, _ in rows])
            tensors[name + '_labels'] = torch.tensor([i for _, i in rows])
        save_file(tensors, cache + '.part')
        os.replace(cache + '.part', cache)
    return load_file(cache)


def normalise(pictures, size=SIDE):
    """uint8 to what the network takes."""
    x = pictures.float()
    if size != x.shape[-1]:
        x = F.interpolate(x, (size, size), mode='bilinear', antialias=True)
    return ((x - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def augment(pictures, size, smallest_crop, colour, random, group=16):
    """A random crop (one a group of pictures; sides of `smallest_crop`..64), mirror, contrast, brightness, colour cast."""
    def uniform(n, channels, width):
        return (torch.rand(n, channels, 1, 1, generator=random) - 0.5) * width

    def between(low, high):
        return int(torch.randint(low, high + 1, (), generator=random))

    parts = []
    for part in pictures.split(group):
        h, w = (between(smallest_crop, SIDE) for _ in range(2))
        top, left = between(0, SIDE - h), between(0, SIDE - w)
        part = part[:, :, top:top + h, left:left + w].float()
        if (h, w) != (size, size):
            part = F.interpolate(part, (size, size), mode='bilinear', antialias=h > size or w > size)
        parts.append(part)
    x = (torch.cat(parts) - MEAN) / STD
    mirrored = torch.rand(len(x), generator=random) < 0.5
    x[mirrored] = x[mirrored].flip(3)
    n = len(x)
    if colour:
        x = x * (1 + uniform(n, 1, colour)) + uniform(n, 1, colour) + uniform(n, 3, colour / 3)
    return x.contiguous(memory_format=torch.channels_last)


def split(labels, held_out):
    """Indices (train, held out): `held_out` pictures of each class, the last ones of a fixed shuffle."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(2014))
    keep, out = [], []
    for c in range(int(labels.max()) + 1):
        of_class = order[labels[order] == c]
        cut = len(of_class) - held_out
        keep.append(of_class[:cut])
        out.append(of_class[cut:])
    return torch.cat(keep), torch.cat(out)
