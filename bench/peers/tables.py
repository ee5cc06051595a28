"""What is said about times and maps."""
from statistics import median

import numpy as np


def ranks(values):
    """From 1 on; equal values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which.reshape(-1)]


def spearman(a, b):
    return float(np.corrcoef(ranks(a.reshape(-1)), ranks(b.reshape(-1)))[0, 1])


def agreement(a, b):
    return {"largest_difference": float(np.abs(a - b).max()), "spearman": spearman(a, b)}


def ratio(slower, faster):
    """Median over the rounds: both were measured in each of them."""
    return median(s / f for s, f in zip(slower, faster))


def number(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def markdown(result):
    """Two tables: times and memory, and agreement."""
    methods = result["methods"]
    references = [name for name, method in methods.items() if method["peer"] and not method["tuned"]]
    lines = [
        "| method | forwards | s per map, median [least, most] | "
        + " | ".join(f"{name} takes × as long" for name in references) + " | peak, MiB | of it beyond one forward |",
        "|" + "---|" * (5 + len(references)),
    ]
    for name, method in methods.items():
        seconds = method["seconds"]
        ratios = [number(ratio(methods[other]["seconds"], seconds)) if other != name else "1" for other in references]
        times = f"{number(median(seconds))} [{number(min(seconds))}, {number(max(seconds))}]"
        memory = f"{method['peak_mib']:.0f} | {method['more_mib']:.0f}"
        lines.append(f"| {name} | {method['forwards']} | {times} | {' | '.join(ratios)} | {memory} |")
    others = [share for method in methods.values() for share in method["others"]]
    lines += ["", f"Others took {median(others):.0%} of the machine meanwhile, at most {max(others):.0%}."]
    lines += ["", "| map | against | largest difference | Spearman |", "|---|---|---|---|"]
    lines += [
        f"| {row['map']} | {row['against']} | {row['largest_difference']:.2g} | {row['spearman']:.6f} |"
        for row in result["agreement"]
    ]
    return "\n".join(lines)
