#!/usr/bin/env python3
"""Writes docs/benchmarks.md and its plot from the figures that the benchmarks noted.

    report.py FIGURES CRITERION INSTRUCTIONS FOLDER

A line of FIGURES, by the benchmark `served`: engine, figure, median, unit, least, most; separated by tabs. CRITERION is where
criterion keeps what `rules` measured, a line of INSTRUCTIONS a rule and how many callgrind counted.
"""

import glob
import json
import os
import platform
import subprocess
import sys

ENGINES = [("sqlite", "SQLite"), ("mysql", "MariaDB"), ("postgres", "PostgreSQL")]
CLIENTS = [1, 16, 64, 256]
# What is promised of a figure, on all engines or on one.
PROMISED = [
    ("sqlite", "POST, 64 clients / raw statements", "at least", 3.0),
    ("mysql", "POST, 64 clients / raw statements", "at least", 1.8),
    ("postgres", "POST, 64 clients / raw statements", "at least", 1.8),
    ("mysql", "POST, 64 clients / Express", "at least", 5.0),
    (None, "POST, 64 clients, half load: p99 / median", "under", 3.0),
    (None, "POST, 1 client: latency with group commit / without", "at most", 1.1),
    (None, "GET list: person of 100000 / of 1000", "at most", 1.3),
    (None, "GET summary: among 1000000 / among 10000", "at most", 1.3),
    (None, "GET score: among 1000000 / among 10000", "at most", 1.3),
    (None, "resident under 256 clients, at most", "under", 64.0),
]
COLOURS = {"sqlite": "#0b7285", "mysql": "#c2255c", "postgres": "#5f3dc4"}


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not there"


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rows = [
        ("processor", f"{model}, {os.cpu_count()} cores"),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Rust", said("rustc", "--version")),
        ("MariaDB", said("mariadbd", "--version")),
        ("PostgreSQL", said("postgres", "--version")),
        ("Node.js", said("node", "--version")),
        ("commit", said("git", "rev-parse", "--short", "HEAD")),
    ]
    return "\n".join(f"| {name} | {value} |" for name, value in rows)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(figures):
    names = []
    for _, name in figures:
        if name not in names:
            names.append(name)
    lines = ["| figure | unit | " + " | ".join(title for _, title in ENGINES) + " |", "|---|---|---|---|---|"]
    for name in names:
        cells, unit = [], ""
        for engine, _ in ENGINES:
            found = figures.get((engine, name))
            if found:
                median, unit, least, most = found
                cells.append(f"**{number(median)}** ({number(least)} to {number(most)})")
            else:
                cells.append("")
        lines.append(f"| {name} | {unit} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def promises(figures):
    lines = ["| promised | | | measured | |", "|---|---|---|---|---|"]
    for of, name, relation, bound in PROMISED:
        for engine, title in ENGINES:
            found = figures.get((engine, name))
            if of in (None, engine) and found:
                value = found[0]
                holds = value >= bound if relation == "at least" else value <= bound if relation == "at most" else value < bound
                lines.append(f"| {name} | {title} | {relation} {bound:g} | {number(value)} | {'yes' if holds else '**no**'} |")
    return "\n".join(lines)


def rules(criterion, instructions):
    """What each rule costs: nanoseconds, with the interval of 95 %, and instructions."""
    times = {}
    for path in glob.glob(os.path.join(criterion, "*", "new", "benchmark.json")):
        with open(path, encoding="utf-8") as file:
            name = json.load(file)["full_id"]
        with open(os.path.join(os.path.dirname(path), "estimates.json"), encoding="utf-8") as file:
            median = json.load(file)["median"]
        interval = median["confidence_interval"]
        times[name] = (median["point_estimate"], interval["lower_bound"], interval["upper_bound"])
    lines = ["| rule | ns | instructions |", "|---|---|---|"]
    with open(instructions, encoding="utf-8") as kept:
        for line in kept:
            if line.startswith("#"):
                continue
            name, count = line.rstrip("\n").split("\t")
            time = times.get(name)
            cell = f"**{number(time[0])}** ({number(time[1])} to {number(time[2])})" if time else ""
            lines.append(f"| {name} | {cell} | {int(count):,} |")
    return "\n".join(lines)


def plot(figures):
    """Writes a second by the number of clients, and the raw statements as a dashed line."""
    width, height, left, bottom, top = 640, 360, 70, 50, 20
    is_shown = lambda name: name.startswith("raw statements") or name in [f"POST, {clients} clients" for clients in CLIENTS]
    rates = [value[0] for (_, name), value in figures.items() if is_shown(name)]
    most = max(rates + [1]) * 1.05
    across = [left + (width - left - 120) * n / (len(CLIENTS) - 1) for n in range(len(CLIENTS))]

    def up(value):
        return height - bottom - (height - bottom - top) * value / most

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for n in range(6):
        value = most * n / 5
        parts.append(f'<line x1="{left}" x2="{width - 110}" y1="{up(value):.1f}" y2="{up(value):.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{up(value) + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    for x, clients in zip(across, CLIENTS):
        parts.append(f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle">{clients}</text>')
    parts.append(f'<text x="{(left + across[-1]) / 2:.1f}" y="{height - 10}" text-anchor="middle">clients</text>')
    parts.append(f'<text x="{left - 60}" y="14">POST /expenses a second (dashed: raw statements)</text>')
    for engine, title in ENGINES:
        points = [(x, figures.get((engine, f"POST, {clients} clients"))) for x, clients in zip(across, CLIENTS)]
        points = [(x, value[0]) for x, value in points if value]
        if not points:
            continue
        line = " ".join(f"{x:.1f},{up(value):.1f}" for x, value in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[engine]}" stroke-width="2.5"/>')
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{up(points[-1][1]) + 4:.1f}" fill="{COLOURS[engine]}">{title}</text>')
        for (of, name), value in figures.items():
            if of == engine and name.startswith("raw statements"):
                y = up(value[0])
                parts.append(f'<line x1="{left}" x2="{across[-1]:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{COLOURS[engine]}" '
                             'stroke-dasharray="5 5"/>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def main():
    figures = {}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            engine, name, median, unit, least, most = line.rstrip("\n").split("\t")
            figures[engine, name] = (float(median), unit, float(least), float(most))
    _, _, criterion, instructions, folder = sys.argv
    with open(os.path.join(folder, "benchmarks.svg"), "w", encoding="utf-8") as file:
        file.write(plot(figures))
    text = TEXT.format(
        machine=machine(), promises=promises(figures), table=table(figures), rules=rules(criterion, instructions)
    )
    with open(os.path.join(folder, "benchmarks.md"), "w", encoding="utf-8") as file:
        file.write(text)


TEXT = """# How fast it is

Written by `make bench`, which anyone can run; the clients run on the same machine as the server and the database.

| | |
|---|---|
{machine}

How it is measured: the release build and the engines as they are shipped, every commit synced to the disk (SQLite
`synchronous = FULL`, `innodb_flush_log_at_trx_commit = 1`, `fsync` on). Real tokens of people who signed up; each client writes for
another person over a connection that it keeps, and every answer must be the expected one. "Raw statements" are the statements of one
new expense, a transaction each, sent by a client in C that does nothing else: SQLite's own library as it comes but for FULL,
sysbench, pgbench.
"Express" is `tests/benches/served/express`. Each figure is the median of the rounds of one run, with the least and the most beside
it; ratios are taken round by round.

What it says of a server's memory is of the program alone; the databases are other processes. Server and clients share the
processors: a figure in processor time says more about a machine with more of them than a rate does.

## What is promised

{promises}

## Writes

![writes a second by the number of clients](benchmarks.svg)

{table}

## The rules

`crates/domain/benches/rules.rs`, by criterion (the median, and where it lies with 95 %) and by callgrind. The instructions are kept in
`crates/domain/benches/instructions.tsv`, and `tests/instructions.sh` fails when one takes a twentieth more.

{rules}
"""

if __name__ == "__main__":
    main()
