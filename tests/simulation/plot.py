"""The simulated year as a picture: what asked a supervisor each week, and the fullest week of anybody. Plain SVG, no library."""

from collections.abc import Sequence

from services.supervision.budget import IN_A_WEEK
from tests.simulation.year import Year

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 420, 64, 72, 56
KINDS = (("urgent", "Urgent", "#a51d1a"), ("own", "Asked one by one", "#0a5266"), ("grouped", "In a list with others", "#6aa5b5"),
         ("digest", "Put off to Monday", "#d9a441"))  # fmt: skip
INK, QUIET = "#14211f", "#475552"


def drawn(years: Sequence[Year], weeks: int, mentors: int) -> str:
    """Bars: the mean of all supervisors. Dots: the most places that any one supervisor had taken, which the line bounds."""
    means = [[sum(n for y in years for (w, _, k), n in y.asked.items() if (w, k) == (week, kind)) / len(years)
              for kind, _, _ in KINDS] for week in range(weeks)]  # fmt: skip
    most = [max(year.fullest[week] for year in years) for week in range(weeks)]
    top = max(IN_A_WEEK + 1, *(sum(week) for week in means))
    body = [*_frame(top, weeks), *(_bar(week, numbers, top, weeks) for week, numbers in enumerate(means))]
    body += [_dot(week, number, top, weeks) for week, number in enumerate(most)]
    title = f"A simulated year: {mentors:,} mentors, {len(years)} supervisors"
    heading = f'<text x="{LEFT}" y="26" font-size="18" font-weight="650" fill="{INK}">{title}</text>'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" role="img"'
        f' aria-label="{title}. At most {max(most)} alerts asked a supervisor in any seven days; the budget is {IN_A_WEEK}.">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>', heading, *_legend(), *body, "</svg>", "",
    ])  # fmt: skip


def _y(number: float, top: float) -> float:
    return HEIGHT - BOTTOM - number / top * (HEIGHT - TOP - BOTTOM)


def _x(week: int, weeks: int) -> float:
    return LEFT + (week + 0.5) * (WIDTH - LEFT - 24) / weeks


def _frame(top: float, weeks: int) -> list[str]:
    lines = []
    for number in range(int(top) + 1):
        y, budget = _y(number, top), number == IN_A_WEEK
        dash = ' stroke-dasharray="6 4"' if budget else ""
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 24}" y1="{y:.1f}" y2="{y:.1f}" stroke="{INK if budget else "#d2dad7"}"{dash}/>'
        )
        lines.append(f'<text x="{LEFT - 10}" y="{y + 5:.1f}" font-size="14" fill="{QUIET}" text-anchor="end">{number}</text>')
    lines.append(f'<text x="{WIDTH - 24}" y="{_y(IN_A_WEEK, top) - 6:.1f}" font-size="14" fill="{INK}" text-anchor="end">'
                 f"budget of a week: {IN_A_WEEK}</text>")  # fmt: skip
    step = 4 if weeks > 12 else 1
    lines += [f'<text x="{_x(week, weeks):.1f}" y="{HEIGHT - BOTTOM + 20}" font-size="14" fill="{QUIET}" text-anchor="middle">'
              f"{week + 1}</text>" for week in range(0, weeks, step)]  # fmt: skip
    lines.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 12}" font-size="14" fill="{QUIET}" text-anchor="middle">'
                 "week of the school year, from September on</text>")  # fmt: skip
    return lines


def _bar(week: int, numbers: Sequence[float], top: float, weeks: int) -> str:
    width, below, parts = (WIDTH - LEFT - 24) / weeks * 0.7, 0.0, []
    for number, (_, _, color) in zip(numbers, KINDS, strict=True):
        y, height = _y(below + number, top), _y(below, top) - _y(below + number, top)
        if number:
            parts.append(f'<rect x="{_x(week, weeks) - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
                         f'fill="{color}"/>')  # fmt: skip
        below += number
    return "".join(parts)


def _dot(week: int, number: int, top: float, weeks: int) -> str:
    return f'<circle cx="{_x(week, weeks):.1f}" cy="{_y(number, top):.1f}" r="4" fill="#ffffff" stroke="{INK}" stroke-width="2"/>'


def _legend() -> list[str]:
    parts, x = [], LEFT
    for _, words, color in KINDS:
        parts.append(f'<rect x="{x}" y="40" width="14" height="14" fill="{color}"/>'
                     f'<text x="{x + 20}" y="52" font-size="14" fill="{INK}">{words}</text>')  # fmt: skip
        x += 44 + 7.2 * len(words)
    parts.append(f'<circle cx="{x + 7:.0f}" cy="47" r="4" fill="#ffffff" stroke="{INK}" stroke-width="2"/>'
                 f'<text x="{x + 20:.0f}" y="52" font-size="14" fill="{INK}">Fullest week of any supervisor</text>')  # fmt: skip
    return parts
