"""Draw log.csv files as one SVG, no library needed: loss on the left, top-1 on the right, against epochs.

    python plot_curves.py OUT.svg RUN_DIR [RUN_DIR ...]
"""
import csv
import os
import sys

INKS = ['#1b6ca8', '#c2571a', '#2d7d46', '#8a3b8f', '#7a6a00', '#a02c3c', '#4a4a4a', '#000000']
LEFT, TOP, WIDTH, HEIGHT = 55, 30, 330, 250


def series(folder):
    with open(f'{folder}/log.csv') as f:
        rows = list(csv.DictReader(f))

    def points(column):
        return [(float(r['epoch']), float(r[column])) for r in rows if r[column]]

    return {'loss': points('loss'), 'train': points('train_top1'), 'watched': points('watched_top1')}


def panel(left, title, lines, percent):
    """An axes box with `lines`: [(points, colour, dashed, marked)]."""
    everything = [p for points, *_ in lines for p in points]
    if not everything:
        return ''
    x1 = max(x for x, _ in everything) or 1
    y0, y1 = min(y for _, y in everything), max(y for _, y in everything)
    y0, y1 = (y0, y1) if y1 > y0 else (y0 - 0.5, y0 + 0.5)

    def at(x, y):
        return f'{left + x / x1 * WIDTH:.1f},{TOP + HEIGHT - (y - y0) / (y1 - y0) * HEIGHT:.1f}'

    out = [f'<text x="{left}" y="{TOP - 10}">{title}</text>',
           f'<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#999"/>']
    for i in range(5):
        y, x = y0 + (y1 - y0) * i / 4, x1 * i / 4
        label = f'{y:.1%}' if percent else f'{y:.2f}'
        out.append(f'<text x="{left - 5}" y="{TOP + HEIGHT - HEIGHT * i / 4 + 4:.0f}" text-anchor="end">{label}</text>')
        out.append(f'<text x="{left + WIDTH * i / 4:.0f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{x:.3g}</text>')
    for points, colour, dashed, marked in lines:
        dash = ' stroke-dasharray="5 4"' if dashed else ''
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5"{dash} points="{" ".join(at(*p) for p in points)}"/>')
        if marked:
            for p in points:
                x, y = at(*p).split(',')
                out.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
    return '\n'.join(out)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    out, folders = sys.argv[1], sys.argv[2:]
    losses, accuracies, legend = [], [], []
    for i, folder in enumerate(folders):
        s, ink = series(folder), INKS[i % len(INKS)]
        losses.append((s['loss'], ink, False, False))
        accuracies += [(s['train'], ink, True, False), (s['watched'], ink, False, True)]
        name = os.path.basename(os.path.normpath(folder))
        legend.append(f'<text x="{LEFT + 95 * i}" y="{TOP + HEIGHT + 52}" fill="{ink}">{name}</text>')
    body = [panel(LEFT, 'training loss', losses, False),
            panel(LEFT + WIDTH + 80, 'top-1: training batches (dashed), watched pictures', accuracies, True),
            f'<text x="{LEFT + WIDTH + 40}" y="{TOP + HEIGHT + 34}" text-anchor="middle">epochs</text>', *legend]
    width, height = 2 * WIDTH + LEFT + 110, TOP + HEIGHT + 65
    with open(out, 'w') as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">\n'
                f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + '\n'.join(body) + '\n</svg>\n')


if __name__ == '__main__':
    main()
