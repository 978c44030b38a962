"""Pictures of results as SVG, drawn by matplotlib; the same figures give the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from simulations.kernel.arrays import FloatArray
from simulations.running.intervals import interval
from simulations.running.measures import BIN_MINUTES, SERIES
from simulations.running.replications import Replicated

COLOURS = {"uncoordinated": "#b5473c", "first_come": "#d9a441", "optimised": "#2f6f4f"}
OTHERS = ("#33658a", "#86608e", "#4f4f4f", "#7a9e7e")


def queue_over_day(runs: Mapping[str, Replicated], path: Path, title: str, series: str = "gate_queue") -> None:
    """Draw a series over the day, one line per run with its 95 % band."""
    figure, axes = _figure(title, "hour of the day", f"{SERIES[series]}, mean")
    hours = (np.arange(runs[next(iter(runs))].series.shape[2]) + 0.5) * BIN_MINUTES / 60
    for number, (name, ran) in enumerate(runs.items()):
        found = interval(ran.series[:, list(SERIES).index(series)])
        colour = _colour(name, number)
        axes.plot(hours, found.mean, label=name, color=colour, linewidth=1.6)
        low, high = found.mean - found.half_width, found.mean + found.half_width
        axes.fill_between(hours, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_ylim(bottom=0)
    _save(figure, axes, path)


def turn_times(runs: Mapping[str, Replicated], path: Path, title: str) -> None:
    """Draw the share of visits whose turn time is at most so many minutes."""
    figure, axes = _figure(title, "turn time, minutes", "share of the visits at most so long, %")
    for number, (name, ran) in enumerate(runs.items()):
        counts = ran.turn_times.sum(axis=0)
        share = 100 * np.cumsum(counts) / max(1.0, counts.sum())
        axes.plot(np.arange(1, len(share) + 1), share, label=name, color=_colour(name, number), linewidth=1.6)
    axes.set_xlim(0, 240)
    axes.set_ylim(0, 100)
    _save(figure, axes, path)


def bars(groups: Sequence[str], values: Mapping[str, FloatArray], path: Path, title: str, unit: str) -> None:
    """Draw bars of means with error bars: `values` gives each policy its (groups, 2) means and half widths."""
    figure, axes = _figure(title, "", unit)
    width = 0.8 / len(values)
    for number, (name, found) in enumerate(values.items()):
        at = np.arange(len(groups)) + (number - (len(values) - 1) / 2) * width
        axes.bar(at, found[:, 0], width, yerr=found[:, 1], label=name, color=_colour(name, number), capsize=2)
    axes.set_xticks(np.arange(len(groups)), groups)
    _save(figure, axes, path)


def sweep_lines(rows: Sequence[Mapping[str, Any]], path: Path, title: str, measure: str, unit: str) -> None:
    """Draw a measure of a sweep over its first label: a panel per value of the last of three labels, in it one line per
    policy and value of the other label.
    """
    chosen = [row for row in rows if row["measure"] == measure]
    labels = [name for name in chosen[0] if name not in ("policy", "measure", "mean", "half_width")] or ["policy"]
    last = labels.pop() if len(labels) > 2 else None
    panels = list(dict.fromkeys(row[last] for row in chosen)) if last else [None]
    policies = list(dict.fromkeys(row["policy"] for row in chosen))
    figure = Figure(figsize=(3 + 4 * len(panels), 4.2), layout="constrained")
    figure.suptitle(title, fontsize=11)
    found = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(found, panels, strict=True):
        here = [row for row in chosen if last is None or row[last] == panel]
        _draw_lines(axes, here, labels, policies)
        axes.set_xlabel(labels[0] if panel is None else f"{labels[0]}; {last} {panel:g}")
        axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    found[0].set_ylabel(unit)
    _save(figure, found[-1], path)


def _draw_lines(axes: Any, rows: Sequence[Mapping[str, Any]], labels: Sequence[str], policies: Sequence[str]) -> None:
    lines: dict[tuple[str, ...], list[tuple[Any, float, float]]] = {}
    for row in rows:
        key = (row["policy"], *(f"{name} {row[name]:g}" for name in labels[1:]))
        lines.setdefault(key, []).append((row[labels[0]], row["mean"], row["half_width"]))
    shades = max(1, len(lines) // len(policies))
    for number, (key, points) in enumerate(lines.items()):
        x, mean, half = zip(*points, strict=True)
        alpha = 0.35 + 0.65 * (number % shades + 1) / shades
        colour = _colour(key[0], policies.index(key[0]))
        axes.errorbar(x, mean, yerr=np.nan_to_num(half), label=", ".join(key), color=colour, alpha=alpha, capsize=2)


def _figure(title: str, x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    return figure, axes


def _save(figure: Figure, axes: Any, path: Path) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 8:
        figure.legend(handles, labels, fontsize=6, loc="outside right upper")
    else:
        axes.legend(fontsize=8)
    with mpl.rc_context({"svg.hashsalt": "parkdispatch"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _colour(name: str, number: int) -> str:
    return next((colour for policy, colour in COLOURS.items() if policy in name), OTHERS[number % len(OTHERS)])
