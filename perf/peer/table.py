"""From the rounds of perf/peers to its table: medians with their spread, Sluice's ratios to each peer of the
same round, and the rows of goals that rest on them. Pure functions; tests/unit/perf/peers_table_test.py."""
import statistics

SHAPES = {"1x1": "1 connection, 1 in flight", "50x1": "50 connections, 1 in flight on each",
          "50x100": "50 connections, 100 in flight on each (5,000)",
          "50x400": "50 connections, 400 in flight on each (20,000)"}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratios(rounds, shape, name, unit, over="sluice"):
    """`over`'s figure divided by that of `name`, round by round."""
    return [figures[shape][over][unit] / figures[shape][name][unit] for figures in rounds
            if over in figures[shape] and name in figures[shape]]


def rows(rounds):
    """[{shape, name, rate, p50_us, p99_us, rate_ratio, p99_ratio}], each figure a spread over the rounds."""
    found = []
    for shape, contestants in rounds[0].items():
        for name, figures in contestants.items():
            row = {"shape": shape, "name": name}
            for unit in figures:
                row[unit] = spread([one[shape][name][unit] for one in rounds])
            for unit, ratio in (("rate", "rate_ratio"), ("p99_us", "p99_ratio")):
                if name not in ("sluice", "disk") and "sluice" in contestants:
                    row[ratio] = spread(ratios(rounds, shape, name, unit))
            found.append(row)
    return found


def best(rounds, shape, kind):
    """The way of doing it with `kind` (redis, redis-llen, ...) that has the highest median rate; None: none."""
    names = [name for name in rounds[0].get(shape, {}) if name == kind or name.startswith(kind + "-")]
    return max(names, default=None,
               key=lambda name: statistics.median(one[shape][name]["rate"] for one in rounds))


# shape, peer, figure, what has to be reached, what is aimed at, and whether more is better
GOALS = [
    ("50x100", "redis", "rate", 8, 12, True),
    ("50x100", "redis", "p99_us", 1 / 2, 1 / 3, False),
    ("50x1", "redis", "rate", 1.3, 1.5, True),
    ("50x1", "redis", "p99_us", None, 1, False),
    ("50x100", "ceiling", "rate", 0.65, 0.8, True),
    ("50x400", "ceiling", "rate", 0.35, 0.6, True),
    ("1x1", "disk", "p50_us", 1.3, 1.1, False),
]


def reached(ratio, must, goal, more_is_better):
    def at_least(wanted):
        return wanted is not None and (ratio >= wanted if more_is_better else ratio <= wanted)
    if at_least(goal):
        return "goal reached"
    if must is None:
        return "goal missed"
    return "must reached" if at_least(must) else "MISSED"


def goals(rounds):
    """[{shape, against, figure, must, goal, ratio, verdict}] of the rows whose contestants ran."""
    found = []
    for shape, kind, unit, must, goal, more_is_better in GOALS:
        name = best(rounds, shape, kind) if unit == "rate" or kind == "redis" else kind
        if name is None or name not in rounds[0].get(shape, {}) or "sluice" not in rounds[0][shape]:
            continue
        ratio = spread(ratios(rounds, shape, name, unit))
        found.append({"shape": shape, "against": name, "figure": unit, "must": must, "goal": goal,
                      "ratio": ratio, "verdict": reached(ratio["median"], must, goal, more_is_better)})
    return found


def drift(disk_p50_us):
    """How far the slowest look at the disk is above the quickest, in per cent."""
    return 100 * (max(disk_p50_us) / min(disk_p50_us) - 1)


# ---- text ----

def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def with_spread(values):
    return f"{number(values['median'])} ({number(values['min'])}-{number(values['max'])})"


def text_of_rows(found):
    lines = []
    for shape, title in SHAPES.items():
        of_shape = [row for row in found if row["shape"] == shape]
        if not of_shape:
            continue
        lines += ["", title, f"  {'':18} {'rate/s':>34} {'p50 us':>8} {'p99 us':>8} "
                             f"{'Sluice rate over it':>22} {'Sluice p99 over its':>22}"]
        for row in of_shape:
            rate = with_spread(row["rate"]) if "rate" in row else "-"
            over = [with_spread(row[key]) if key in row else "" for key in ("rate_ratio", "p99_ratio")]
            lines.append((f"  {row['name']:18} {rate:>34} {number(row['p50_us']['median']):>8} "
                          f"{number(row['p99_us']['median']):>8} {over[0]:>22} {over[1]:>22}").rstrip())
    return lines


def text_of_goals(found):
    lines = ["", "Goals: Sluice's figure divided by the other's, median of the rounds (least-most)"]
    for row in found:
        must = "-" if row["must"] is None else number(row["must"])
        what = f"{row['shape']} {row['figure']} over {row['against']}"
        lines.append(f"  {what:34} {with_spread(row['ratio']):>18}   must {must:>5}  goal {number(row['goal']):>5}"
                     f"   {row['verdict']}")
    return lines
