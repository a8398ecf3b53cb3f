"""Words of a sweep's page: its question, headlines and captions."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd

from bioscnn.experiments.phrases import MINUS
from bioscnn.experiments.sweep.analysis import MEASURE
from bioscnn.experiments.sweep.shown import Shown
from bioscnn.plots.parameters import Parameter, names_of, outcome_of
from bioscnn.plots.surface import ENOUGH, fit_quadratic, is_grid
from bioscnn.report.formats import plural
from bioscnn.report.page import Headline

QUESTIONS = {
    "morris": "which parameter matters?",
    "sobol": "which parameter matters?",
    "grid": "what do its parameters do?",
    "random": "what do its parameters do?",
    "latin-hypercube": "what do its parameters do?",
}
"""What a sweep of a kind asks."""

DESIGNS = {
    "morris": "Morris's: trajectories through the ranges on which one parameter at a time moves a step. The "
    "change of an outcome by that step is an elementary effect. (Morris divides it by the step.)",
    "sobol": "Sobol's, after Saltelli: two sets of points that fill the ranges evenly, and mixtures of them "
    "in which one parameter comes from the other set.",
    "grid": "A grid: every combination of the values.",
    "random": "Random: each value is drawn from its range, independently of the others.",
    "latin-hypercube": "A Latin hypercube: every equal part of each range is used once, in random "
    "combinations.",
}
"""How the points of a kind are chosen."""

WEIGHTS = {
    ("fixed", "wired"): "The network is converted once, for the study as it is, and every point has its "
    "weights, in amperes. A parameter that changes the charge of a spike, or how often a neuron fires, then "
    "changes the gain of every layer, besides all else that it does.",
    ("fixed", "kept"): "The network is converted once, for the study as it is. At every point its currents "
    "are rescaled so that a spike carries the charge that it carried, and a neuron fires at the rate at "
    "which it fired. What a parameter then does is no matter of gain.",
    ("converted", "wired"): "The network is converted anew at every point.",
}  # fmt: skip
"""What is done about the weights, by ``design.weights`` and ``design.gain``."""

N_NAMED = 4
"""More parameters than so many are counted rather than named in a sentence."""

CONOVER = "Conover W. J. (1999), Practical Nonparametric Statistics, Wiley (intervals of medians)."

SALIB = (
    "Iwanaga T., Usher W. and Herman J. (2022), Toward SALib 2.0, Socio-Environmental Systems Modelling "
    "4:18155."
)

REFERENCES = {
    "morris": "Morris M. D. (1991), Factorial sampling plans for preliminary computational experiments, "
    "Technometrics 33:161. Campolongo F., Cariboni J. and Saltelli A. (2007), An effective screening design "
    f"for sensitivity analysis of large models, Environmental Modelling & Software 22:1509. {SALIB} ",
    "sobol": "Sobol I. M. (2001), Global sensitivity indices for nonlinear mathematical models and their "
    "Monte Carlo estimates, Mathematics and Computers in Simulation 55:271. Saltelli A. et al. (2010), "
    "Variance based sensitivity analysis of model output, Computer Physics Communications 181:259. "
    f"{SALIB} ",
    "latin-hypercube": "McKay M. D., Beckman R. J. and Conover W. J. (1979), A comparison of three methods "
    "for selecting values of input variables in the analysis of output from a computer code, Technometrics "
    "21:239. ",
}
"""Literature on the kinds of designs."""

METHODS = {
    "morris": {
        "μ* and σ": "Mean size and standard deviation of the elementary effects of a parameter. A spread "
        "that is small beside the mean size tells an effect that is the same everywhere; a large one, an "
        "effect that turns round, or depends on other parameters.",
        "Intervals": "95 %, from resampled trajectories. They tell how far the mean depends on which "
        "trajectories were drawn, and not what other ranges would give.",
    },
    "sobol": {
        "S1 and ST": "Share of the variance that would go if a parameter were known (S1), and that would "
        "stay if all others were (ST). The two differ by what the parameter does together with others.",
        "Intervals": "95 %, from resampled points. Estimates of small shares may fall below zero.",
    },
}
"""What is said of the numbers of a sensitivity."""


def written(value: float, outcome: str) -> str:
    """Return a value of an outcome without its unit."""
    what = outcome_of(outcome)
    return "" if value != value else f"{what.factor * value:,.{what.decimals}f}".replace("-", MINUS)


def with_unit(value: float, outcome: str) -> str:
    """Return a value of an outcome with its unit."""
    return f"{written(value, outcome)} {outcome_of(outcome).unit}".rstrip()


def change(value: float, outcome: str) -> str:
    """Return a difference of an outcome with its unit."""
    return f"{written(value, outcome)} {outcome_of(outcome).change}".rstrip()


def size_of(row: pd.Series, results: Shown) -> tuple[str, str]:
    """Return the size of a parameter's effect, with its unit, and its interval."""
    if results.kind == "sobol":
        return share_text(row.ST), f"[{share_text(row.ST_low)}, {share_text(row.ST_high)}]"
    outcome = str(row.outcome)
    ends = f"[{written(row.mu_star_low, outcome)}, {written(row.mu_star_high, outcome)}]"
    return change(row.mu_star, outcome), ends


def share_text(value: float) -> str:
    """Return a share of the variance, such as ``0.31``."""
    return "" if value != value else f"{value:.2f}".replace("-0.00", "0.00").replace("-", MINUS)


def headlines(results: Shown) -> list[Headline]:
    """Return the numbers to begin with: what matters most, between what the outcomes lie, the points."""
    names, done, main = (
        names_of([parameter.key for parameter in results.parameters]),
        results.done,
        results.main,
    )
    what = outcome_of(main)
    meaning = (
        f"of the variance of {what.name}" if results.kind == "sobol" else f"of {what.name} {by_step(results)}"
    )
    numbers = []
    for _, row in results.effects_on(main).head(3).iterrows():
        if not row[MEASURE[results.kind]] > 0:
            continue
        size, ends = size_of(row, results)
        number, _, unit = size.partition(" ")
        numbers.append(Headline(names[row.parameter], number, f"{unit} {meaning}; 95 %: {ends}".lstrip()))
    if len(done):
        low, middle, high = (done[main].quantile(q) for q in (0, 0.5, 1))
        numbers.append(
            Headline(
                what.name.capitalize(),
                f"{written(low, main)} to {with_unit(high, main)}",
                f"from the worst to the best point; median {with_unit(middle, main)}",
            )
        )
    failed = f", {results.summary['n_failed']:,} of them failed" if results.summary["n_failed"] else ""
    trials = f"of {plural(results.summary['trials'], 'trial')} each{failed}"
    return [
        *numbers,
        Headline("Points", f"{results.summary['n_points']:,}", trials),
        Headline("Programs", f"{results.summary['programs']:,}", f"compiled for all of them{_rate(results)}"),
    ]


def _rate(results: Shown) -> str:
    """Return how many points per second were computed, where that is known."""
    rate = results.summary.get("units_per_second")
    return "" if rate is None else f"; {rate:.3g} points per second"


def by_step(results: Shown) -> str:
    """Say of which change of a parameter an effect is."""
    step = results.summary.get("step")
    if step is None:  # made by an earlier bioscnn
        return "over the range of a parameter"
    return f"by a step of {Fraction(step).limit_denominator(100)} of the range of a parameter"


def effects_caption(results: Shown) -> str:
    """Return the caption of the effects on the judged outcome, and how the plane or the bars are read."""
    rows, names = (
        results.effects_on(results.main),
        names_of([parameter.key for parameter in results.parameters]),
    )
    sizes = {names[row.parameter]: " ".join(size_of(row, results)) for _, row in rows.head(3).iterrows()}
    name, named = outcome_of(results.main).name, "; ".join(f"{key} {size}" for key, size in sizes.items())
    if rows.empty or not rows[MEASURE[results.kind]].any():
        return f"Nothing moves {name}: it is the same at every point."
    if results.kind == "sobol":
        alone = rows["S1"].sum()
        return (
            f"Shares of the variance of {name} that go with a parameter, interactions included: {named}. "
            f"All parameters alone make {share_text(alone)} of 1; what is missing are interactions, and the "
            "error of the estimates. Black: 95 % intervals; those around zero say that the parameter may do "
            "nothing."
        )
    bent = [names[row.parameter] for _, row in rows.iterrows() if row.sigma > row.mu_star > 0]
    line = "above the line \N{GREEK SMALL LETTER SIGMA} = \N{GREEK SMALL LETTER MU}*"
    who = ", ".join(bent) if len(bent) <= N_NAMED else f"{len(bent)} of {plural(len(rows), 'parameter')}"
    turned = (
        f"An effect that differs more from place to place than it is large ({line}) have: {who}. "
        if bent
        else "No effect differs more from place to place than it is large. "
    )
    return (
        f"Mean change of {name} {by_step(results)}, whatever the others are: {named}. "
        f"{turned}Lines: 95 % intervals of \N{GREEK SMALL LETTER MU}*."
    )


def bars_caption(results: Shown) -> str:
    """Return the caption of the largest effects on each other outcome."""
    names, named = names_of([parameter.key for parameter in results.parameters]), []
    for outcome in results.outcomes:
        rows = results.effects_on(outcome)
        if outcome != results.main and len(rows) and rows.iloc[0].mu_star > 0:
            row = rows.iloc[0]
            named.append(
                f"{outcome_of(outcome).name} by {names[row.parameter]}, {' '.join(size_of(row, results))}"
            )
    most = f"Most moved are {'; '.join(named)}. " if named else ""
    return f"The same sizes as bars, outcome by outcome. {most}Black: 95 % intervals."


def interactions_caption(results: Shown) -> str:
    """Say which pairs of parameters do more together than each alone."""
    assert results.interactions is not None
    rows = results.interactions[results.interactions["outcome"] == results.main].dropna()
    names = names_of([parameter.key for parameter in results.parameters])
    named = rows[rows["S2_low"] > 0].sort_values("S2", ascending=False)
    pairs = [
        f"{names[row.parameter]} with {names[row.other]} {share_text(row.S2)} "
        f"[{share_text(row.S2_low)}, {share_text(row.S2_high)}]"
        for _, row in named.head(3).iterrows()
    ]
    sentence = (
        f"Intervals without zero: {'; '.join(pairs)}."
        if pairs
        else "The interval of every pair has zero in it."
    )
    return (
        f"Share of the variance of {outcome_of(results.main).name} that two parameters make only together. "
        f"{sentence} Bold: the 95 % interval leaves zero out."
    )


def alone_caption(results: Shown) -> str:
    """Say from where to where each parameter takes the judged outcome by itself."""
    assert results.alone is not None
    names, named = names_of([parameter.key for parameter in results.parameters]), []
    for parameter in results.order:
        rows = results.alone[results.alone["parameter"] == parameter.key]
        ends = rows.sort_values("x").dropna(subset=[results.main])
        if len(ends) > 1:
            first, last = ends.iloc[0], ends.iloc[-1]
            named.append(
                f"{names[parameter.key]} from {first.value} to {last.value} takes it from "
                f"{with_unit(first[results.main], results.main)} to "
                f"{with_unit(last[results.main], results.main)}"
            )
    name = outcome_of(results.main).name
    start = f"What becomes of {name} while all else stays: {'; '.join(named)}. " if named else ""
    bands = " Bands: 95 % intervals after Wilson." if results.main == "accuracy" else ""
    return f"{start}Ring: the study as it is.{bands}"


def main_caption(results: Shown) -> str:
    """Return the caption of the small multiples."""
    by = {"morris": "their effects", "sobol": "their shares of the variance"}.get(
        results.kind if len(results.effects_on(results.main)) else "",
        "how much of its variance goes with them",
    )
    return (
        "Each dot is a point of the sweep; all other parameters differ too. Line: running median of "
        f"{outcome_of(results.main).name}, band: its 95 % interval, where there are six points or more. In "
        f"the order of {by}."
    )


def surface_caption(results: Shown, x: Parameter, y: Parameter) -> str:
    """Return the caption of the map: what stands in its cells, or how good its surface is."""
    names = names_of([parameter.key for parameter in results.parameters])
    rows, what = results.done.dropna(subset=[results.main]), outcome_of(results.main)
    start = f"{what.name.capitalize()} over {names[x.key]} and {names[y.key]}."
    more = len(results.parameters) > 2
    if is_grid(rows, x, y):
        means = rows.groupby([x.key, y.key])[results.main].mean()
        highest, lowest = (
            f"{with_unit(means[place], results.main)} at {x.text(place[0])} and {y.text(place[1])}"
            for place in (means.idxmax(), means.idxmin())
        )
        mean = " Each cell is the mean over points that differ in all other parameters." if more else ""
        return f"{start} Highest: {highest}; lowest: {lowest}.{mean}"
    dots = f"{start} Each dot is a point{'; all other parameters differ too' if more else ''}."
    if x.is_choice or y.is_choice:
        return dots
    surface = fit_quadratic(x.position(rows[x.key]), y.position(rows[y.key]), rows[results.main])
    if surface is None or surface.predicted < ENOUGH:
        share = 0.0 if surface is None else max(surface.predicted, 0.0)
        return (
            f"{dots} No surface is drawn: one of second degree would predict {100 * share:.0f} % of the "
            "variance of points that it has not seen."
        )
    return (
        f"{dots} The surface behind them, of second degree, predicts {100 * surface.predicted:.0f} % of the "
        "variance of points that it has not seen."
    )


def parallel_caption(results: Shown) -> str:
    """Say where the best and the worst point are."""
    names = names_of([parameter.key for parameter in results.parameters])
    rows = results.done.dropna(subset=[results.main]).sort_values(results.main, kind="stable")
    named = []
    for word, row in (("best", rows.iloc[-1]), ("worst", rows.iloc[0])):
        at = ", ".join(
            f"{names[parameter.key]} {parameter.text(row[parameter.key])}" for parameter in results.order[:3]
        )
        named.append(f"The {word} point, {with_unit(row[results.main], results.main)}: {at}")
    return (
        f"Each line is a point of the sweep, from row to row through the values of its parameters. "
        f"{'. '.join(named)}. Lines of the same value stand side by side."
    )
