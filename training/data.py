"""Tiny ImageNet as one uint8 tensor in memory; augmentation on whole batches."""
import math
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
    return standardise(x)


def standardise(x):
    return ((x - MEAN.to(x.device)) / STD.to(x.device)).contiguous(memory_format=torch.channels_last)


def augment(pictures, size, smallest_crop, colour, random):
    """Of each picture a random crop (`smallest_crop`..1 of its area, sides 3:4 to 4:3), mirrored or not; contrast, brightness,
    colour cast. `random` is a generator on the pictures' device."""
    n = len(pictures)

    def uniform(low, high, *shape):
        return torch.rand(shape or (n,), generator=random, device=pictures.device) * (high - low) + low

    area, aspect = uniform(smallest_crop, 1), torch.exp(uniform(-1, 1) * math.log(4 / 3))
    w, h = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    zero = torch.zeros_like(w)
    # In affine_grid's coordinates the picture is -1..1.
    theta = torch.stack([torch.stack([w * mirror, zero, uniform(-1, 1) * (1 - w)], 1),
                         torch.stack([zero, h, uniform(-1, 1) * (1 - h)], 1)], 1)
    grid = F.affine_grid(theta, (n, 3, size, size), align_corners=False)
    x = standardise(F.grid_sample(pictures.float(), grid, padding_mode='reflection', align_corners=False))
    if colour:
        x = x * (1 + uniform(-colour / 2, colour / 2, n, 1, 1, 1)) + uniform(-colour / 2, colour / 2, n, 1, 1, 1) \
            + uniform(-colour / 6, colour / 6, n, 3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)


def mix(x, y, random):
    """Pairs of pictures as one, and their classes (y: a probability a class) in the same proportion: half of the time
    one's rectangle in the other (CutMix, Yun et al. 2019), half of the time a blend (mixup, Zhang et al. 2018).
    `random` is Python's."""
    share = random.random()
    if random.random() < 0.5:
        side = x.shape[-1]
        h = w = round(side * math.sqrt(1 - share))
        top, left = random.randint(0, side - h), random.randint(0, side - w)
        share = 1 - h * w / side ** 2
        mixed = x.clone()
        mixed[:, :, top:top + h, left:left + w] = x.flip(0)[:, :, top:top + h, left:left + w]
    else:
        mixed = share * x + (1 - share) * x.flip(0)
    return mixed, share * y + (1 - share) * y.flip(0)


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
