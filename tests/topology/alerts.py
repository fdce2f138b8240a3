"""Which alerts fired, and whether they were the right ones, at the right times.

Judged by the book of faults:

- FastiWriterDown of a writer must fire if it is silent for longer than the alert waits, and at no
  other time. So must FastiNoWriters, if all of them are.
- FastiStalled or FastiNoLeader must fire if the store or the quorum of witnesses is away for longer
  than they wait, and may while anything is away that a leader needs.
- FastiRestarting of a writer must fire if it is seen in four lives, and never before the fourth.
- FastiWitnessFails of a witness must fire if it is away for as long as the expression says, and may
  once it is away for longer than the alert waits.
- FastiNotReady may fire if the store or the quorum is away for nearly as long as it waits.
- Those in TROUBLE may fire while there are faults, and as long after that as they look back.
- FastiDiskNearlyFull is about this machine, and may ever fire.
- All others never fire.

FastiWitnessFails and FastiCheckpointOld have seconds in their expressions, which are not scaled. So
it is only with the shipped rules that the first must fire. The second must not in any case, as no
outage is that long.
"""

import json
import urllib.parse
import urllib.request

from book import merged
from topology import WITNESSES, WRITERS

PROMETHEUS = "http://prometheus:9090"
# What a rate, a quantile or a share may say after faults, and how many minutes it looks back.
TROUBLE = {
    "FastiSubmissionErrors": 60,
    "FastiSubmissionsSlow": 60,
    "FastiIndexLate": 60,
    "FastiIndexBehind": 15,
    "FastiIndexFails": 30,
    "FastiHeadsNotKept": 60,
    "FastiStoreFails": 10,
    "FastiCommitsSlow": 10,
    "FastiSeveralLeaders": 10,
    "FastiLeadershipUnstable": 30,
    "FastiForwardingFails": 15,
    "FastiPushback": 10,
}
# Those that have a method of their own below, or none.
JUDGED = {
    "FastiWriterDown",
    "FastiNoWriters",
    "FastiStalled",
    "FastiNoLeader",
    "FastiRestarting",
    "FastiWitnessFails",
    "FastiNotReady",
    "FastiDiskNearlyFull",
}
# A writer that started more than twice within the hour is known to have by its fourth life.
LIVES = 4
# Between the end of an outage and a leader that answers, at most.
TAKEOVER = 20.0
# FastiWitnessFails: the republishing interval and this.
WITNESS_LATE = 600.0


class Judge:
    """Judges what fired between two times."""

    def __init__(self, rules, book, republish, began, ended):
        self.rules, self.book, self.republish = rules, book, republish
        self.began, self.ended, self.problems = began, ended, []
        self.fired = self.firing()
        # Silences with less between them may look like one, and need not.
        self.joined = 2 * rules.scrape + 5

    def judge(self):
        """Returns what was not right."""
        for name in WRITERS:
            self.outages(["FastiWriterDown"], self.book.silences(name), name)
            self.restarting(name)
        self.outages(["FastiNoWriters"], self.book.all_silent(WRITERS))
        self.needs_away()
        for name in WITNESSES:
            self.witness_fails(name)
        self.others()
        return self.problems

    def tell(self):
        """Prints what fired."""
        for alert, who, begin, end in self.fired:
            span = f"{begin - self.began:.0f} s to {end - self.began:.0f} s"
            print(f"topology: {alert} of {who} fired from {span}")

    def firing(self):
        """Alerts: name, whom they are about, and from when to when each fired."""
        step = min(self.rules.scrape, self.rules.evaluation)
        asked = {"query": 'ALERTS{alertstate="firing"}', "step": step}
        asked |= {"start": self.began, "end": self.ended}
        url = f"{PROMETHEUS}/api/v1/query_range?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            found = json.load(answer)["data"]["result"]
        spans = []
        for series in found:
            labels, times = series["metric"], [at for at, _ in series["values"]]
            about = [labels.get("witness"), labels.get("instance"), labels["job"]]
            who = next(filter(None, about)).partition(":")[0]
            begin = times[0]
            for before, at in zip(times, [*times[1:], float("inf")]):
                if at - before > 1.5 * step:
                    spans.append((labels["alertname"], who, begin, before))
                    begin = at
        return sorted(spans, key=lambda span: span[2])

    def spans_of(self, alert, who=None):
        return [(a, b) for name, whom, a, b in self.fired if name == alert and who in (None, whom)]

    def problem(self, what, at):
        self.problems.append(f"{what} {at - self.began:.0f} s")

    def outages(self, alerts, faults, who=None, may=None, least=None):
        """A fault that is longer than the alerts wait must fire one of them. They may fire at no
        other time than during those of `may`, or of `faults`, that have lasted for `least`.
        """
        waits = min(self.rules.waits[alert] for alert in alerts)
        certain = max(self.rules.certain(alert) for alert in alerts)
        least = waits - self.rules.scrape - 1 if least is None else least
        fired = [span for alert in alerts for span in self.spans_of(alert, who)]
        name, slack = " or ".join(alerts) + (f" of {who}" if who else ""), self.rules.slack()
        for begin, end in faults:
            # It may have begun to fire before, if an earlier silence looked like the same one.
            hit = any(a <= end + slack and b >= begin + waits - 1 for a, b in fired)
            if end - begin >= certain and not hit:
                self.problem(f"{name} did not fire in the {end - begin:.0f} s from", begin)
        allowed = [(a, b) for a, b in merged(may or faults, self.joined) if b - a >= least]
        for a, b in fired:
            if not any(begin + least - 1 <= a and b <= end + slack for begin, end in allowed):
                self.problem(f"{name} fired for no reason until {b - self.began:.0f} s, from", a)

    def needs_away(self):
        """What a leader needs: the store and the line to it, two witnesses. A takeover takes
        seconds, which is longer than scaled rules wait.
        """
        silences, all_silent = self.book.silences, self.book.all_silent
        away = silences("bucket") + silences("store")
        for left in WITNESSES:
            away += all_silent([name for name in WITNESSES if name != left])
        writers = all_silent(WRITERS)
        if self.rules.waits["FastiNoLeader"] < TAKEOVER:
            writers = [span for name in WRITERS for span in silences(name)]
        # They try again ever more slowly, and answer what waits.
        late = [(a, b + TAKEOVER) for a, b in [*away, *writers]]
        self.outages(["FastiStalled", "FastiNoLeader"], merged(away), may=late, least=0.0)
        nearly = max(0.0, self.rules.waits["FastiNotReady"] - TAKEOVER)
        self.outages(["FastiNotReady"], [], may=late, least=nearly)

    def restarting(self, name):
        """Lives of programs of this release count, if they are long enough to be seen."""
        hour, seen = 3600 / self.rules.factor, 2 * self.rules.scrape + 3
        every = [at for at, who, _ in self.book.starts if who == name]
        new = [at for at, who, release in self.book.starts if (who, release) == (name, "new")]
        # A life ends with the next silence.
        silences = [begin for begin, _ in self.book.silences(name)]
        marks = [*silences, self.ended]
        ends = [min((at for at in marks if at > begin), default=begin) for begin in new]
        lives = [(a, b) for a, b in zip(new, ends) if b - a >= seen]
        fired = self.spans_of("FastiRestarting", name)
        for (first, _), (fourth, end) in zip(lives, lives[LIVES - 1 :]):
            due = fourth + self.rules.slack() + self.rules.evaluation
            if fourth - first < hour - seen and due < end:
                if not any(a <= due and b > fourth for a, b in fired):
                    self.problem(f"FastiRestarting of {name} did not fire after", fourth)
        for begin, _ in fired:
            if len([at for at in every if at < begin]) < LIVES:
                self.problem(f"FastiRestarting of {name} fired before its fourth life, at", begin)

    def witness_fails(self, name):
        certain = self.republish + WITNESS_LATE + self.rules.certain("FastiWitnessFails")
        least = self.rules.waits["FastiWitnessFails"] - 1
        fired = self.spans_of("FastiWitnessFails", name)
        for begin, end in self.book.silences(name):
            hit = any(a <= begin + certain and b >= begin for a, b in fired)
            if end - begin >= certain and not hit:
                self.problem(f"FastiWitnessFails of {name} did not fire, away from", begin)
        slack, may = self.rules.slack() + TAKEOVER, self.book.silences(name, self.joined)
        for a, b in fired:
            if not any(begin + least <= a and b <= end + slack for begin, end in may):
                self.problem(f"FastiWitnessFails of {name} fired for no reason from", a)

    def others(self):
        for alert, who, begin, _ in self.fired:
            back = TROUBLE.get(alert, 0) * 60 / self.rules.factor + self.rules.slack()
            faults = [(fault.begin, fault.end or self.ended) for fault in self.book.faults]
            is_trouble = alert in TROUBLE and any(a <= begin <= b + back for a, b in faults)
            if alert not in JUDGED and not is_trouble:
                self.problem(f"{alert} of {who} fired from", begin)
