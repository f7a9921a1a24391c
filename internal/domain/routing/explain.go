package routing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"purser/internal/base/id"
)

// MaxCandidates is how many of the best ranked locations a decision lists
// besides those it chose; it counts the others.
const MaxCandidates = 12

// Outcome says how well an order could be served.
type Outcome string

const (
	OutcomeWhole       Outcome = "whole"       // everything from one location
	OutcomeSplit       Outcome = "split"       // everything, in several parcels
	OutcomePartial     Outcome = "partial"     // some units are backordered
	OutcomeBackordered Outcome = "backordered" // all units are
	OutcomeParked      Outcome = "parked"      // no location may serve the order
)

// Decision is the record of how a route was found, to be stored with the order
// as JSON and shown.
type Decision struct {
	Strategy             string      `json:"strategy"`
	Market               string      `json:"market,omitempty"`
	Version              int         `json:"version,omitempty"`
	Rule                 string      `json:"rule"` // the rule that won
	Rank                 []Rank      `json:"rank"` // what it ranked by
	Outcome              Outcome     `json:"outcome"`
	DestinationPrecision string      `json:"destination_precision,omitempty"`
	Requested            int64       `json:"requested"` // units
	Served               int64       `json:"served"`    // units
	Parcels              int         `json:"parcels"`
	Km                   float64     `json:"km"`                   // sum over parcels of known distances
	Locations            int         `json:"locations"`            // considered
	Eligible             int         `json:"eligible"`             // that passed the rule's filter
	Complete             int         `json:"complete"`             // eligible, and had everything
	Candidates           []Candidate `json:"candidates"`           // best ranked first, the chosen among them
	Omitted              int         `json:"omitted,omitempty"`    // locations not listed
	Rejected             []Attempt   `json:"rejected,omitempty"`   // rules that could not serve the whole order
	Exact                bool        `json:"exact"`                // false when the search was cut short
	Work                 int         `json:"work,omitempty"`       // steps of the search
	Overbooked           bool        `json:"overbooked,omitempty"` // a chosen location has given out its capacity of the day
	By                   string      `json:"by,omitempty"`         // who chose by hand; empty: the rules did
}

// Candidate is a location as the decision saw it.
type Candidate struct {
	Location id.Location `json:"location"`
	Code     string      `json:"code"`
	Name     string      `json:"name,omitempty"`
	Km       *float64    `json:"km,omitempty"` // nil when unknown
	Stock    []int64     `json:"stock"`        // available units of each line's variant, by line
	Verdict  Verdict     `json:"verdict"`
	Reason   string      `json:"reason,omitempty"` // why it was excluded, or what it would not ship
}

// Verdict says what became of a candidate, and why.
type Verdict string

const (
	VerdictChosen    Verdict = "chosen"
	VerdictOutranked Verdict = "outranked" // had everything, as the chosen one, which ranks better
	VerdictNeedless  Verdict = "needless"  // had something, but the chosen ones serve as much with fewer parcels or better ranks
	VerdictEmpty     Verdict = "empty"     // had nothing
	VerdictWaits     Verdict = "waits"     // had nothing that could ship, and is where the order is backordered
	VerdictExcluded  Verdict = "excluded"  // might not serve the order, for the reason given
	VerdictPassed    Verdict = "passed"    // had everything, and a person chose another
)

// Attempt is a rule that could not serve the whole order.
type Attempt struct {
	Rule     string `json:"rule"`
	Eligible int    `json:"eligible"`
	Served   int64  `json:"served"`
}

func (p *problem) decide(a *attempt, attempts []*attempt, r *Route) Decision {
	d := Decision{
		By:                   a.by,
		Strategy:             p.Strategy.Name,
		Market:               p.Market,
		Version:              p.Strategy.Version,
		Rule:                 a.rule.Name,
		Rank:                 slices.Clone(a.ranks),
		DestinationPrecision: p.DestinationPrecision,
		Requested:            p.wanted,
		Served:               a.served,
		Parcels:              len(r.Parcels),
		Locations:            len(p.Locations),
		Eligible:             a.eligible,
		Complete:             a.complete,
		Exact:                a.exact,
		Work:                 a.work,
	}
	switch {
	case a.eligible == 0:
		d.Outcome = OutcomeParked
	case a.served == 0:
		d.Outcome = OutcomeBackordered
	case a.served < p.wanted:
		d.Outcome = OutcomePartial
	case d.Parcels > 1:
		d.Outcome = OutcomeSplit
	default:
		d.Outcome = OutcomeWhole
	}
	for _, b := range attempts {
		if b != a && b.served < p.wanted {
			d.Rejected = append(d.Rejected, Attempt{b.rule.Name, b.eligible, b.served})
		}
	}
	d.Overbooked = a.overbook && slices.ContainsFunc(a.chosen, func(l int) bool { return p.Locations[l].full() })
	p.list(&d, a)
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Verdict == VerdictChosen && c.Km != nil {
			d.Km += *c.Km
		}
	}
	return d
}

// list fills in the candidates: the best ranked ones, whether they were
// eligible or not, and the chosen.
func (p *problem) list(d *Decision, a *attempt) {
	listed := make([]int, 0, MaxCandidates+1+len(a.chosen))
	before := func(i, j int) int { return p.compare(a, i, j) }
	for i := range p.Locations {
		if len(listed) == MaxCandidates && p.before(a, listed[MaxCandidates-1], i) {
			continue
		}
		at, _ := slices.BinarySearchFunc(listed, i, before)
		listed = slices.Insert(listed, at, i)
		listed = listed[:min(len(listed), MaxCandidates)]
	}
	for _, l := range p.mentioned(a) {
		if at, ok := slices.BinarySearchFunc(listed, l, before); !ok {
			listed = slices.Insert(listed, at, l)
		}
	}
	d.Omitted = len(p.Locations) - len(listed)
	d.Candidates = make([]Candidate, len(listed))
	stock := make([]int64, 0, len(listed)*len(p.Lines))
	for n, i := range listed {
		l := &p.Locations[i]
		from := len(stock)
		for _, v := range p.variantOf {
			stock = append(stock, p.row(i)[v])
		}
		c := Candidate{Location: l.ID, Code: l.Code, Name: l.Name, Stock: stock[from:len(stock):len(stock)]}
		if l.located() {
			km := math.Round(l.Km*10) / 10
			c.Km = &km
		}
		c.Verdict, c.Reason = p.verdict(a, i)
		if d.By != "" && c.Verdict == VerdictOutranked {
			c.Verdict = VerdictPassed
		}
		c.Reason = cmp.Or(c.Reason, l.Refusal)
		d.Candidates[n] = c
	}
}

// mentioned returns the locations a decision must list whatever their rank.
func (p *problem) mentioned(a *attempt) []int {
	if len(a.chosen) == 0 && a.first >= 0 {
		return []int{a.first}
	}
	return a.chosen
}

func (p *problem) verdict(a *attempt, location int) (Verdict, string) {
	switch {
	case a.fates[location] != eligible:
		return VerdictExcluded, p.reason(a, location)
	case slices.Contains(a.chosen, location):
		return VerdictChosen, ""
	case a.served == 0 && location == a.first:
		return VerdictWaits, ""
	case covers(p.row(location), p.totals):
		return VerdictOutranked, ""
	case slices.Max(p.row(location)) > 0:
		return VerdictNeedless, ""
	}
	return VerdictEmpty, ""
}

// reason says why a location was filtered out.
func (p *problem) reason(a *attempt, location int) string {
	l := &p.Locations[location]
	switch a.fates[location] {
	case excluded:
		return l.Excluded
	case noCapacity:
		return "no capacity left"
	case otherGroup:
		return "not in group " + strings.Join(a.rule.Groups, " or ")
	case exceptGroup:
		return "in a group that the rule leaves out"
	case otherMarket:
		return "not in market " + p.Market
	case distanceUnknown:
		return "distance unknown"
	case tooFar:
		return fmt.Sprintf("further than %v km", a.rule.MaxKm)
	}
	return ""
}

// Sentence tells the decision to a person, such as "Whole order from Reno
// (212 km), nearest of 3 locations that have everything."
func (d Decision) Sentence() string {
	var said []string
	if d.By != "" {
		return fmt.Sprintf("Chosen by hand: %s.", d.say(VerdictChosen))
	}
	switch d.Outcome {
	case OutcomeWhole:
		said = append(said, d.sayWhole())
	case OutcomeSplit:
		said = append(said, fmt.Sprintf("%d parcels, from %s; no single location has everything.",
			d.Parcels, d.say(VerdictChosen)))
	case OutcomePartial:
		said = append(said, fmt.Sprintf("%s of %s units from %s; the rest is backordered.",
			count(d.Served), count(d.Requested), d.say(VerdictChosen)))
	case OutcomeBackordered:
		said = append(said, fmt.Sprintf("Backordered at %s: no eligible location can ship any of it.",
			d.say(VerdictWaits)))
	case OutcomeParked:
		said = append(said, "Parked: "+d.sayParked())
	}
	if d.Overbooked {
		said = append(said, "It leaves later than today, since the capacity of the day is given out.")
	}
	if n := len(d.Rejected); n > 0 && (d.Rule != defaultRules[0].Name || d.Served == d.Requested) {
		said = append(said, d.sayRule(n))
	}
	switch d.DestinationPrecision {
	case "unknown":
		said = append(said, "The address could not be located, so distances are unknown.")
	case "city", "region", "country":
		said = append(said, fmt.Sprintf("Distances are to the middle of the %s.", d.DestinationPrecision))
	}
	if !d.Exact {
		said = append(said, "The search was cut short after "+count(int64(d.Work))+" steps: there may be a better route.")
	}
	return strings.Join(said, " ")
}

func (d Decision) sayRule(rejected int) string {
	switch {
	case d.Served < d.Requested:
		return fmt.Sprintf("The rule %q served most; none could serve everything.", d.Rule)
	case rejected == 1:
		return fmt.Sprintf("Found by the rule %q, since %q could not serve everything.", d.Rule, d.Rejected[0].Rule)
	}
	return fmt.Sprintf("Found by the rule %q, since %d before it could not serve everything.", d.Rule, rejected)
}

func (d Decision) sayWhole() string {
	if d.Complete <= 1 {
		return fmt.Sprintf("Whole order from %s, the only location that has everything.", d.say(VerdictChosen))
	}
	return fmt.Sprintf("Whole order from %s, %s of %d locations that have everything.",
		d.say(VerdictChosen), d.sayRank(), d.Complete)
}

// sayRank says what set the chosen location apart from the others.
func (d Decision) sayRank() string {
	known := slices.ContainsFunc(d.Candidates, func(c Candidate) bool {
		return c.Verdict == VerdictChosen && c.Km != nil
	})
	for _, r := range d.Rank {
		switch {
		case r == RankMarket && d.Market != "":
			return "best by market, then distance,"
		case r == RankSequence:
			return "first in sequence"
		case r == RankBalance:
			return "best stocked"
		case r == RankCapacity:
			return "least busy"
		case r == RankEarliest:
			return "soonest to leave"
		case r == RankDistance && known:
			return "nearest"
		}
	}
	return "first"
}

// say names the candidates of a verdict.
func (d Decision) say(v Verdict) string {
	var names []string
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Verdict == v {
			names = append(names, c.title())
		}
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func (c *Candidate) title() string {
	name := cmp.Or(c.Name, c.Code)
	if c.Km == nil {
		return name + " (distance unknown)"
	}
	return fmt.Sprintf("%s (%s km)", name, count(int64(math.Round(*c.Km))))
}

func (d Decision) sayParked() string {
	if d.Locations == 0 {
		return "there is no location to ship from."
	}
	var why []string
	for _, c := range d.Candidates {
		if s := cmp.Or(c.Name, c.Code) + ": " + c.Reason; len(why) < 3 {
			why = append(why, s)
		}
	}
	return "no location may serve this order (" + strings.Join(why, "; ") + ")."
}

// count writes n with its thousands separated.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
