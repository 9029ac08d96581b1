"""Bars and lines as SVG."""
import math

OURS = "Pillion"
COLOURS = ["#d9541e", "#2f6f9f", "#4b8b3b", "#8a5aa8", "#a8842c", "#7a8793"]
FRAME = ('<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">'
         '<rect width="100%" height="100%" fill="white"/>{body}</svg>\n')


def escaped(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;")


def short(value):
    """A number as a label: 1,500 as 1.5k."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def bars(path, title, groups):
    """Horizontal bars, each group to its own scale: `groups` is [(label, [(name, value)])]."""
    lines, y = [f'<text x="10" y="22" font-size="16">{escaped(title)}</text>'], 44
    for label, values in groups:
        lines.append(f'<text x="10" y="{y}" font-weight="bold">{escaped(label)}</text>')
        most = max(value for _, value in values)
        for name, value in values:
            y += 20
            colour = COLOURS[0] if name.startswith(OURS) else COLOURS[-1]
            width = 300 * value / most
            lines.append(f'<text x="20" y="{y}" fill="#555">{escaped(name)}</text><rect x="230" y="{y - 12}" width="{width:.1f}" height="15" '
                         f'fill="{colour}"/><text x="{236 + width:.1f}" y="{y}">{value:,.0f}</text>')
        y += 30
    path.write_text(FRAME.format(width=640, height=y, body="".join(lines)))


def ticks(most):
    """Round numbers from 0 up to `most`, about five of them."""
    step = 10 ** math.floor(math.log10(most / 5))
    step *= next(k for k in (1, 2, 5, 10) if most / (step * k) <= 6)
    return [step * i for i in range(int(most / step) + 1)]


def lines(path, title, across, up, series, powers=False):
    """Lines over a logarithmic axis: `series` is {name: [(x, median, least, most)]}. The vertical axis begins at 0, so that what is flat
    looks flat; with `powers` it is logarithmic too."""
    left, top, wide, high = 70, 40, 480, 260
    points = [point for values in series.values() for point in values]
    least, last = min(p[0] for p in points), max(p[0] for p in points)
    place = lambda x: left + wide * math.log10(x / least) / (math.log10(last / least) or 1)
    limit = max(p[3] for p in points) * 1.1 or 1
    if powers:
        base, limit = (10.0 ** round_(math.log10(value)) for round_, value in ((math.floor, min(p[2] for p in points) or limit / 1e6), (math.ceil, limit)))
        marks = [base * 10 ** i for i in range(round(math.log10(limit / base)) + 1)]
        height = lambda y: top + high * (1 - math.log10(max(y, base) / base) / math.log10(limit / base))
    else:
        marks, height = ticks(limit), lambda y: top + high * (1 - y / limit)
    body = [f'<text x="10" y="22" font-size="16">{escaped(title)}</text>',
            f'<text x="{left + wide / 2}" y="{top + high + 38}" text-anchor="middle">{escaped(across)}</text>',
            f'<text x="14" y="{top + high / 2}" transform="rotate(-90 14 {top + high / 2})" text-anchor="middle">{escaped(up)}</text>']
    for y in marks:
        body.append(f'<line x1="{left}" x2="{left + wide}" y1="{height(y):.1f}" y2="{height(y):.1f}" stroke="#ddd"/>'
                    f'<text x="{left - 6}" y="{height(y) + 4:.1f}" text-anchor="end">{short(y)}</text>')
    for x in sorted({p[0] for p in points}):
        body.append(f'<text x="{place(x):.1f}" y="{top + high + 18}" text-anchor="middle">{short(x)}</text>')
    for number, (name, values) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                    + " ".join(f"{place(x):.1f},{height(y):.1f}" for x, y, _, _ in values) + '"/>')
        for x, y, low, up_to in values:
            body.append(f'<line x1="{place(x):.1f}" x2="{place(x):.1f}" y1="{height(low):.1f}" y2="{height(up_to):.1f}" stroke="{colour}"/>'
                        f'<circle cx="{place(x):.1f}" cy="{height(y):.1f}" r="3" fill="{colour}"/>')
        body.append(f'<rect x="{left + 10}" y="{top + high + 52 + 18 * number}" width="14" height="4" fill="{colour}"/>'
                    f'<text x="{left + 30}" y="{top + high + 58 + 18 * number}">{escaped(name)}</text>')
    path.write_text(FRAME.format(width=left + wide + 40, height=top + high + 66 + 18 * len(series), body="".join(body)))
