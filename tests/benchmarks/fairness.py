"""How far fairness lowers the largest burden of a team, and at what price, on the sample and on generated companies.

    python tests/benchmarks/fairness.py [--seeds 101 … ] [--epsilons 0.01 0.05] [--seconds 15]

A team's burden is what it loses over what it would lose if all it uses were out over the whole horizon. Prints, for
every portfolio and epsilon, the largest burden before the phase and after, how far it fell, and the price as a share of
the cost; then the medians, which have to reach what `LEAST` says.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import median

from habits import generated

from scheduler.inputs import load
from scheduler.portfolio import Portfolio
from scheduler.solver.solve import solve
from scheduler.verify import verify

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
LEAST = {0.01: 0.02, 0.05: 0.05}
"""By how much the largest burden has to fall in the median, by epsilon."""


def measure(portfolio: Portfolio, epsilon: float, seconds: float) -> tuple[float, float, float]:
    """Plan one portfolio and give the largest burden before and after, and the price over the cost before."""
    fair = replace(portfolio, policy=replace(portfolio.policy, fairness_epsilon=epsilon))
    result = solve(fair, time_limit=seconds)
    assert result.objective_cents is not None, f"no plan: {result.status} {result.clash}"
    assert not verify(fair, result.schedule)
    assert result.fairness is not None
    cost = result.objective_cents - result.fairness_price_cents
    assert result.fairness_price_cents <= epsilon * cost
    return result.fairness.before, result.fairness.after, result.fairness_price_cents / cost


def main() -> None:
    """Print one line per portfolio and epsilon, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(101, 106)))
    parser.add_argument("--epsilons", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    portfolios = {"sample": load(SAMPLE)} | {str(seed): generated(seed, []) for seed in given.seeds}
    print("portfolio  epsilon     before      after     fall    price")
    for epsilon in given.epsilons:
        falls, prices = [], []
        for name, portfolio in portfolios.items():
            before, after, price = measure(portfolio, epsilon, given.seconds)
            falls.append(1 - after / before)
            prices.append(price)
            print(f"{name:<10} {epsilon:7.2f} {before:10.4%} {after:10.4%} {falls[-1]:8.1%} {price:8.2%}", flush=True)
        print(f"{'median':<10} {epsilon:7.2f} {'':10} {'':10} {median(falls):8.1%} {median(prices):8.2%}")
        least = LEAST.get(epsilon, 0.0)
        assert median(falls) >= least, f"the largest burden has to fall by {least:.0%} in the median"


if __name__ == "__main__":
    main()
