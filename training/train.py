"""Train one network of the table on Tiny ImageNet, on a CPU or a GPU.

    python train.py --data DIR --out DIR --row D --epochs 60 --device cuda --batch 512 --lr .3
    python train.py --data DIR --out DIR --row D --start shared.safetensors --until 01:10 --smoothing 0
    python train.py --data DIR --out DIR --row D --start D.safetensors --teachers A.safetensors D.safetensors E.safetensors

The learning rate rises, then falls by a cosine to zero over the whole run. The run's length is either a number of
epochs or a time of day (UTC): then each step takes the share of the cosine that its own time is of the time left, so
that the schedule ends at that time however busy the machine is, and a pause (SIGSTOP) does not make it jump.

With --teachers the aim of every step is the mean of these networks' probabilities for the very pictures that the network
sees (distillation, Hinton et al. 2015; the same augmented pictures for both, as in Beyer et al. 2022), not the labels.

Writes to --out: checkpoint.pt (every --save-minutes; a run with the same --out goes on from it), log.csv, and at the
end final.safetensors (exponential mean of the weights; see networks.py for the names).
"""
import argparse
import csv
import math
import os
import random
import time
from datetime import datetime, timedelta, timezone

import torch
import torch.nn.functional as F

import data
from networks import ROWS, Network, load, metadata, save


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--data', required=True, help='the folder tiny-imagenet-200')
    p.add_argument('--cache', help='file for the decoded pictures (default: beside --data)')
    p.add_argument('--out', required=True)
    p.add_argument('--row', default='D', choices=ROWS)
    p.add_argument('--width', type=float, default=0.5)
    p.add_argument('--start', help='safetensors of the same row and width to go on from')
    p.add_argument('--teachers', nargs='*', default=[], help='safetensors of networks to learn from')
    p.add_argument('--device', default='cpu', help='cuda: bfloat16 autocast, compiled')
    p.add_argument('--epochs', type=float, default=30)
    p.add_argument('--until', help='HH:MM or HH:MM:SS UTC: end then, in place of --epochs')
    p.add_argument('--sizes', default='64', help='picture sides in turn, e.g. 32,48,64: each an equal share of the run (AlexNet: at least 63)')
    p.add_argument('--batch', type=int, default=128)
    p.add_argument('--lr', type=float, default=0.1)
    p.add_argument('--warmup', type=float, default=0.05, help='share of the run')
    p.add_argument('--decay', type=float, default=5e-4, help='weight decay, of the weights alone')
    p.add_argument('--smoothing', type=float, default=0.1, help='label smoothing')
    p.add_argument('--dropout', type=float, default=0.2, help='after fc6 and fc7')
    p.add_argument('--crops', default='.35,.35,.35,.6', help='the smallest share of a picture that is seen, in turn')
    p.add_argument('--colour', type=float, default=0.3, help='strength of the colour changes')
    p.add_argument('--mix', default='0', help='share of the steps that see pictures in pairs (CutMix, mixup), in turn')
    p.add_argument('--freeze', default='0', help='keep this many first blocks as they are; several, e.g. 2,3, in turn')
    p.add_argument('--mean', type=float, default=0.96, help='of the exponential mean of the weights, each 8 steps')
    p.add_argument('--held-out', type=int, default=10, help='training pictures of each class kept for watching')
    p.add_argument('--save-minutes', type=float, default=10)
    p.add_argument('--steps', type=int, help='stop after so many steps (to time them)')
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--seed', type=int, default=1)
    return p.parse_args()


class Schedule:
    """How far the run is, 0 to 1. Only time spent in steps counts, and a step counts for at most thrice the usual."""

    def __init__(self, steps, until):
        self.share = 1 / steps
        self.end = None
        if until:
            now = datetime.now(timezone.utc)
            hour, minute, second = map(int, (until + ':0').split(':')[:3])
            end = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
            self.end = (end if end > now else end + timedelta(days=1)).timestamp()
        self.done = 0.0
        self.usual = None
        self.worked = 0.0

    def step(self, began):
        spent = time.time() - began
        self.usual = spent if self.usual is None else 0.95 * self.usual + 0.05 * min(spent, 3 * self.usual)
        spent = min(spent, 3 * self.usual)
        self.worked += spent
        if self.end is None:
            self.done += self.share
        else:
            self.done += (1 - self.done) * min(1, spent / max(self.end - time.time(), 1e-3))
        # Less than a step is left, or the time is up.
        over = self.done > 1 - 1e-9 if self.end is None else time.time() + self.usual > self.end
        return not over

    def seconds_left(self):
        if self.end is not None:
            return max(0, self.end - time.time())
        return (1 - self.done) / self.share * (self.usual or 0)

    def state(self):
        return {'done': self.done, 'worked': self.worked, 'usual': self.usual}


def learning_rate(done, peak, warmup):
    if done < warmup:
        return peak * (0.05 + 0.95 * done / warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def in_turn(values, done):
    return values[min(len(values) - 1, int(done * len(values)))]


class Mean:
    """Exponential mean of a network's tensors: what is evaluated and exported."""

    def __init__(self, network, keep):
        self.keep, self.count = keep, 0
        self.tensors = {k: v.clone() for k, v in network.tensors().items()}

    @torch.no_grad()
    def update(self, network):
        self.count += 1
        keep = min(self.keep, self.count / (self.count + 9))
        now = network.tensors()
        torch._foreach_lerp_(list(self.tensors.values()), [now[name] for name in self.tensors], 1 - keep)


@torch.no_grad()
def accuracy(network, pictures, labels, size=data.SIDE, batch=250):
    network.eval()
    right1 = right5 = 0
    for x, y in zip(pictures.split(batch), labels.split(batch)):
        best = network(data.normalise(x, size)).topk(5).indices
        right1 += (best[:, 0] == y).sum()
        right5 += (best == y[:, None]).any(1).sum()
    network.train()
    return right1.item() / len(labels), right5.item() / len(labels)


class Teachers:
    """The mean of several networks' probabilities."""

    def __init__(self, paths, device):
        self.networks = []
        for path in paths:
            about = metadata(path)
            network = Network(about['row'], float(about['width'])).to(device)
            load(network, path)
            network.freeze_blocks(5)
            self.networks.append(network.eval())

    @torch.no_grad()
    def __call__(self, x):
        return torch.stack([network(x).float().softmax(1) for network in self.networks]).mean(0)


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    on_gpu = a.device != 'cpu'
    tensors = data.load(a.data, a.cache)
    train, held_out = data.split(tensors['train_labels'], a.held_out)
    pictures, labels = tensors['train_pictures'].to(a.device), tensors['train_labels'].to(a.device)

    network = Network(a.row, a.width, dropout=a.dropout)
    if a.start:
        load(network, a.start)
    network.train().to(a.device)
    forward = torch.compile(network) if on_gpu else network
    watched = Network(a.row, a.width).to(a.device)  # holds the mean weights when they are evaluated
    teachers = Teachers(a.teachers, a.device) if a.teachers else None
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(
        [{'params': [p for p in parameters if p.ndim > 1], 'weight_decay': a.decay},
         {'params': [p for p in parameters if p.ndim == 1], 'weight_decay': 0.0}],
        lr=a.lr, momentum=0.9, nesterov=True, fused=on_gpu)
    mean = Mean(network, a.mean)
    generator = torch.Generator(a.device).manual_seed(a.seed)
    steps_an_epoch = len(train) // a.batch
    schedule = Schedule(math.ceil(a.epochs * steps_an_epoch), a.until)
    sizes = [int(s) for s in a.sizes.split(',')]
    crops, mixes = ([float(s) for s in turns.split(',')] for turns in (a.crops, a.mix))
    freezes, frozen = [int(s) for s in a.freeze.split(',')], 0
    step = 0

    checkpoint = os.path.join(a.out, 'checkpoint.pt')
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint, map_location=a.device)
        network.load_state_dict(saved['network'])
        optimiser.load_state_dict(saved['optimiser'])
        mean.tensors, mean.count = saved['mean'], saved['mean_count']
        generator.set_state(saved['random'].cpu())
        vars(schedule).update(saved['schedule'])
        step = saved['step']
        print(f'going on from step {step}, {schedule.done:.1%} done', flush=True)

    def keep():
        torch.save({'network': network.state_dict(), 'optimiser': optimiser.state_dict(), 'mean': mean.tensors,
                    'mean_count': mean.count, 'random': generator.get_state(), 'schedule': schedule.state(),
                    'step': step, 'arguments': vars(a)}, checkpoint + '.part')
        os.replace(checkpoint + '.part', checkpoint)

    columns = ['step', 'epoch', 'done', 'size', 'lr', 'loss', 'train_top1', 'worked_s', 'utc', 'watched_top1', 'watched_top5']
    log_path = os.path.join(a.out, 'log.csv')
    log_file = open(log_path, 'a', newline='')
    log = csv.DictWriter(log_file, columns)
    if not os.path.getsize(log_path):
        log.writeheader()

    def report(evaluate=False):
        n = max(1, seen)
        row = {'step': step, 'epoch': f'{step / steps_an_epoch:.3f}', 'done': f'{schedule.done:.4f}', 'size': size,
               'lr': f'{lr:.5f}', 'loss': f'{loss_sum.item() / n:.4f}', 'train_top1': f'{right.item() / n:.4f}',
               'worked_s': round(schedule.worked), 'utc': datetime.now(timezone.utc).strftime('%H:%M:%S')}
        if evaluate and len(held_out):
            watched.load_state_dict({**watched.state_dict(), **mean.tensors})
            with torch.autocast(a.device, torch.bfloat16, enabled=on_gpu):
                top1, top5 = accuracy(watched, pictures[held_out], labels[held_out])
            row |= {'watched_top1': f'{top1:.4f}', 'watched_top5': f'{top5:.4f}'}
        log.writerow(row)
        log_file.flush()
        left = timedelta(seconds=round(schedule.seconds_left()))
        print(a.row, ' '.join(f'{k} {v}' for k, v in row.items()), f'{a.batch / schedule.usual:.0f} pictures/s, left {left}', flush=True)

    def sums():
        """Of the loss and of right answers, on the device: reading them would wait for the step."""
        return torch.zeros((), device=a.device), torch.zeros((), device=a.device, dtype=torch.long), 0

    going, first, last_saved = True, step, time.time()
    loss_sum, right, seen = sums()
    while going:
        epoch, place = divmod(step, steps_an_epoch)
        if place == 0 or step == first:
            order = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(1000 * a.seed + epoch))].to(a.device)
        began = time.time()
        size = in_turn(sizes, schedule.done)
        if in_turn(freezes, schedule.done) > frozen:
            frozen = in_turn(freezes, schedule.done)
            network.freeze_blocks(frozen)
            network.train()
            print(f'step {step}: the first {frozen} blocks stay as they are', flush=True)
        lr = learning_rate(schedule.done, a.lr, a.warmup)
        for group in optimiser.param_groups:
            group['lr'] = lr
        pick = order[place * a.batch:(place + 1) * a.batch]
        y = labels[pick]
        x = data.augment(pictures[pick], size, in_turn(crops, schedule.done), a.colour, generator)
        aim = F.one_hot(y, network.fc8.out_features).float()
        choice = random.Random(1_000_000 * a.seed + step)
        if choice.random() < in_turn(mixes, schedule.done):
            x, aim = data.mix(x, aim, choice)
        with torch.autocast(a.device, torch.bfloat16, enabled=on_gpu):
            if teachers:
                aim = teachers(x)
            scores = forward(x).float()
        loss = F.cross_entropy(scores, aim, label_smoothing=0 if teachers else a.smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step += 1
        if step % 8 == 0:
            mean.update(network)
        loss_sum += loss.detach() * len(y)
        right += (scores.argmax(1) == y).sum()
        seen += len(y)
        going = schedule.step(began) and (a.steps is None or step < a.steps)
        if step % 50 == 0 or not going:
            report(evaluate=not going or step % steps_an_epoch < 50 and step > 50)
            loss_sum, right, seen = sums()
        if time.time() - last_saved > 60 * a.save_minutes or not going:
            keep()
            last_saved = time.time()

    save(mean.tensors, os.path.join(a.out, 'final.safetensors'), row=a.row, width=a.width, steps=step,
         seconds=round(schedule.worked), start=a.start or '', teachers=' '.join(a.teachers))


if __name__ == '__main__':
    main()
