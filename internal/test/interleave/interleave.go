// Package interleave lets two people do something at the same time in every
// order in which their statements can meet, on PostgreSQL.
//
// Each of the two runs in a goroutine of its own and stops before each statement
// that matters to the other, and before it commits. A scheduler lets one go on at
// a time. Where a statement waits for a lock, which the database's own list of
// locks tells, the other goes on. The schedules are walked through depth first, by
// running the scenario anew for each: all schedules in which one of the two is
// interrupted at most so many times, though it could go on. (That a few such
// preemptions find nearly all bugs of concurrency is an observation of Musuvathi
// and Qadeer, "Iterative Context Bounding", 2007.)
//
// A statement matters where it reads or writes a table that the other one writes
// or locks, or writes or locks one that the other reads: all others can be run
// earlier or later without a difference. Which these are is learned from two runs,
// one after the other. The job queue's own statements run with the one before.
package interleave

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"purser/internal/platform/db"
)

// Side is what one of the two does. It calls [Begin] where its steps begin.
type Side func(ctx context.Context) error

// Meeting is one run of a scenario: two who meet, and what must be true at the
// end, given what became of each.
type Meeting struct {
	A, B  Side
	Check func(a, b error)
}

// Every runs a scenario in all schedules with at most so many preemptions, and
// returns how many these were.
func Every(t *testing.T, d *db.DB, preemptions int, scenario func() Meeting) int {
	t.Helper()
	if d.Pool() == nil {
		t.Fatal("SQLite has one writer: there is nothing to interleave")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	x := &explorer{t: t, ctx: ctx, d: d, bound: preemptions}
	d.Step = func(ctx context.Context, statement string) {
		if s, ok := ctx.Value(sideKey{}).(*side); ok && s.begun {
			s.step(statement)
		}
	}
	defer func() { d.Step = nil }()
	x.learn(scenario)
	runs := 0
	for more := true; more; more = x.next() {
		runs++
		x.run(scenario())
		if t.Failed() {
			t.Fatalf("after %d schedules, in this one:\n%s", runs, strings.Join(x.log, "\n"))
		}
	}
	return runs
}

// Begin says that the steps of a side begin here.
func Begin(ctx context.Context) {
	s := ctx.Value(sideKey{}).(*side)
	s.begun = true
	s.arrive("begin")
}

type sideKey struct{}

// state is where a side is.
type state int

const (
	running state = iota // or waits for a lock
	ready                // stands before a statement
	ended
)

// side is one of the two.
type side struct {
	name    string
	matters func(statement string) bool
	begun   bool
	seen    []string // statements, while learning
	open    bool     // between BEGIN and COMMIT

	arrived chan string     // the statement before which it stands; closed at the end
	granted chan struct{}   // it may go on
	over    <-chan struct{} // the test is, and nobody grants anything any more
	err     error

	// The scheduler's.
	state state
	at    string
	again bool // runs its transaction anew, so that the other goes first
}

// step is called by the side's own goroutine before a statement.
func (s *side) step(statement string) {
	s.seen = append(s.seen, statement)
	again := statement == "BEGIN" && s.open
	s.open = statement != "COMMIT" && (s.open || statement == "BEGIN")
	switch {
	case again:
		s.arrive("BEGIN again")
	case statement == "COMMIT" || s.matters(statement):
		s.arrive(statement)
	}
}

func (s *side) arrive(statement string) {
	select {
	case s.arrived <- statement:
	case <-s.over:
		return
	}
	select {
	case <-s.granted:
	case <-s.over:
	}
}

// explorer walks through the schedules.
type explorer struct {
	t       *testing.T
	ctx     context.Context // of the sides
	d       *db.DB
	bound   int
	shared  map[string]bool // statements that matter
	choices []choice        // of the schedule that is run, and what else could be chosen
	log     []string
}

// choice is a point of a schedule at which both could go on.
type choice struct {
	taken, options int
}

// next moves on to the next schedule; false: there is none.
func (x *explorer) next() bool {
	for len(x.choices) > 0 {
		last := &x.choices[len(x.choices)-1]
		if last.taken++; last.taken < last.options {
			return true
		}
		x.choices = x.choices[:len(x.choices)-1]
	}
	return false
}

// run runs a meeting in the schedule that the choices begin with; behind them, who
// goes on goes on.
func (x *explorer) run(m Meeting) {
	x.log = nil
	a, b := x.start("A", m.A), x.start("B", m.B)
	x.settle([]*side{a, b})
	var current *side
	at, preempted := 0, 0
	for a.state != ended || b.state != ended {
		can := x.able(a, b, current)
		if len(can) == 0 {
			x.t.Fatalf("both wait for each other:\n%s", strings.Join(x.log, "\n"))
		}
		taken := 0
		if len(can) == 2 && (current == nil || current.state != ready || preempted < x.bound) {
			if at == len(x.choices) {
				x.choices = append(x.choices, choice{options: 2})
			}
			taken = x.choices[at].taken
			at++
			if taken > 0 && current != nil && current.state == ready {
				preempted++
			}
		}
		current = can[taken]
		x.grant(current, a, b)
	}
	x.choices = x.choices[:at]
	m.Check(a.err, b.err)
}

// able are those who can go on, first who did last.
func (x *explorer) able(a, b, current *side) (can []*side) {
	for _, s := range []*side{a, b} {
		if s.state == ready {
			can = append(can, s)
		}
	}
	if len(can) == 2 && can[1] == current {
		can[0], can[1] = can[1], can[0]
	}
	if len(can) == 2 { // who begins anew does so since the other came first
		for i, s := range can {
			if s.again {
				return []*side{can[1-i]}
			}
		}
	}
	return can
}

// start starts a side, which stops where it begins.
func (x *explorer) start(name string, do Side) *side {
	s := &side{name: name, arrived: make(chan string), granted: make(chan struct{}), over: x.ctx.Done()}
	s.matters = func(statement string) bool { return x.shared == nil || x.shared[statement] }
	go func() {
		s.err = do(context.WithValue(x.ctx, sideKey{}, s))
		close(s.arrived)
	}()
	return s
}

// grant lets a side go on to its next statement, and the other one, where that
// frees it.
func (x *explorer) grant(s *side, both ...*side) {
	x.log = append(x.log, s.name+" "+clip(s.at))
	was := s.at
	s.state, s.again = running, false
	s.granted <- struct{}{}
	x.settle(both)
	if was == "COMMIT" || s.state == ended {
		for _, o := range both {
			o.again = o.again && o == s // what it gave way to is over
		}
	}
}

// settle waits until each side stands before its next statement, or waits for a
// lock, or has ended.
func (x *explorer) settle(both []*side) {
	const patience = time.Minute // then it is a bug of the test, or of the database
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		moving := int64(0)
		for _, s := range both {
			if s.state == running && !x.receive(s) {
				moving++
			}
		}
		if moving == 0 {
			return
		}
		waiting, err := waiting(x.ctx, x.d)
		if err != nil {
			x.t.Fatal(err)
		}
		if waiting == moving {
			return
		}
	}
	x.t.Fatalf("somebody neither goes on nor waits for a lock:\n%s", strings.Join(x.log, "\n"))
}

// receive notes where a side has arrived, within a moment.
func (x *explorer) receive(s *side) bool {
	select {
	case statement, ok := <-s.arrived:
		s.state, s.at, s.again = ready, statement, statement == "BEGIN again"
		if !ok {
			s.state = ended
			x.log = append(x.log, fmt.Sprintf("%s ends: %v", s.name, s.err))
		}
		return true
	case <-time.After(3 * time.Millisecond):
		return false
	}
}

// waiting counts those who wait for a lock. Unlike pg_stat_activity, the list of
// locks is true as soon as the one who held it has committed.
func waiting(ctx context.Context, d *db.DB) (int64, error) {
	return db.Get[int64](ctx, d, `
		SELECT COUNT(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()`)
}

// learn finds the statements that matter, from two runs one after the other.
func (x *explorer) learn(scenario func() Meeting) {
	uses := [2]map[string]access{{}, {}}
	statements := map[string]bool{}
	for first := range 2 {
		m := scenario()
		sides := [2]*side{}
		for i, do := range []Side{m.A, m.B} {
			sides[i] = x.start([]string{"A", "B"}[i], do)
		}
		x.settle(sides[:])
		for _, i := range []int{first, 1 - first} {
			for sides[i].state != ended {
				x.grant(sides[i], sides[:]...)
			}
			for _, q := range sides[i].seen {
				statements[q] = true
				for table, how := range tables(q) {
					uses[i][table] = max(uses[i][table], how)
				}
			}
		}
		m.Check(sides[0].err, sides[1].err)
	}
	x.shared = map[string]bool{}
	for q := range statements {
		for table, how := range tables(q) {
			a, b := uses[0][table], uses[1][table]
			if a > 0 && b > 0 && (how == writes || a == writes || b == writes) {
				x.shared[q] = true
			}
		}
	}
}

// access is what a statement does to a table.
type access int

const (
	reads access = iota + 1
	writes
)

var (
	readTable  = regexp.MustCompile(`(?i)\b(?:FROM|JOIN)\s+([a-z_]+)`)
	writeTable = regexp.MustCompile(`(?i)\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)`)
)

func tables(statement string) map[string]access {
	out := map[string]access{}
	how := reads
	if strings.Contains(statement, "FOR UPDATE") || strings.Contains(statement, "FOR NO KEY UPDATE") {
		how = writes // whoever it locks waits
	}
	for _, m := range readTable.FindAllStringSubmatch(statement, -1) {
		out[m[1]] = how
	}
	for _, m := range writeTable.FindAllStringSubmatch(statement, -1) {
		out[m[1]] = writes
	}
	return out
}

func clip(statement string) string {
	words := strings.Join(strings.Fields(statement), " ")
	return words[:min(len(words), 110)]
}
