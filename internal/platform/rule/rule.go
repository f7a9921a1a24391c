// Package rule reads and evaluates the conditions that merchants write, such as
//
//	order.country in ["DE", "AT"] && order.lines.exists(l, l.tags.exists(t, t == "fragile"))
//
// They are expressions of the Common Expression Language (CEL): typed, without
// loops of their own, without effects. What a condition may cost is estimated
// when it is written and limited when it runs, so no text of a merchant can stall
// the program.
//
// A [Language] is a struct whose tagged fields are the variables:
//
//	type Facts struct {
//		Order Order     `rule:"order"`
//		Now   time.Time `rule:"now"`
//	}
//	var language = rule.New[Facts]()
//
// Nested structs, slices and maps of plain types (string, int64, bool, float64,
// time.Time) are known by their own `rule` tags, which every field needs; one with
// the tag "-" is left out. A map[string]any can be a variable of its own, and no
// part of a struct. Amounts of money are minor units.
package rule

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"

	"purser/internal/base/fault"
)

// The limits of one condition. A unit is about 0.2 µs: the dearest condition is
// stopped after some 40 ms.
const (
	maxText = 4000    // bytes of a condition
	maxCost = 200_000 // units, estimated and real
	maxKept = 1000    // compiled conditions of a language that are kept
)

// Language is what conditions over a T may say.
type Language[T any] struct {
	env       func() (*cel.Env, error)
	variables []variable

	mu   sync.Mutex
	kept map[string]*Condition[T]
}

type variable struct {
	name  string
	index []int
	typ   reflect.Type
}

// New returns the language whose variables are the fields of T. It panics if T
// cannot be one, which is a mistake in the program.
func New[T any]() *Language[T] {
	l := &Language[T]{kept: map[string]*Condition[T]{}}
	t := reflect.TypeFor[T]()
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("rule")
		if name == "" || name == "-" {
			continue
		}
		if err := sayable(f.Type, f.Type.Kind() == reflect.Map); err != nil {
			panic(fmt.Sprintf("rule: %s.%s: %v", t, f.Name, err))
		}
		l.variables = append(l.variables, variable{name, f.Index, f.Type})
	}
	l.env = sync.OnceValues(l.build) // building takes milliseconds: not at every start
	return l
}

func (l *Language[T]) build() (*cel.Env, error) {
	native := []any{ext.ParseStructTag("rule")}
	options := []cel.EnvOption{ext.Strings(), ext.Math(), ext.Lists(), ext.Sets(), minor}
	for _, v := range l.variables {
		t, err := typeOf(v.typ)
		if err != nil {
			return nil, err
		}
		for s := range structsOf(v.typ) {
			native = append(native, s)
		}
		options = append(options, cel.Variable(v.name, t))
	}
	return cel.NewEnv(append([]cel.EnvOption{ext.NativeTypes(native...)}, options...)...)
}

// sayable refuses types that conditions could not see.
func sayable(t reflect.Type, variable bool) error {
	if _, err := typeOf(t); err != nil {
		return err
	}
	if t.Kind() == reflect.Map && t.Elem() == reflect.TypeFor[any]() && !variable {
		return fmt.Errorf("a %s has to be a variable of its own", t)
	}
	for s := range structsOf(t) {
		for _, f := range reflect.VisibleFields(s) {
			switch f.Tag.Get("rule") {
			case "-":
			case "":
				return fmt.Errorf("%s.%s has no rule tag", s, f.Name)
			default:
				if err := sayable(f.Type, false); err != nil {
					return fmt.Errorf("%s.%s: %w", s, f.Name, err)
				}
			}
		}
	}
	return nil
}

// typeOf is the type that conditions see of a Go type.
func typeOf(t reflect.Type) (*cel.Type, error) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return cel.TimestampType, nil
	case t == reflect.TypeFor[any]():
		return cel.DynType, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return cel.BoolType, nil
	case reflect.String:
		return cel.StringType, nil
	case reflect.Int, reflect.Int64:
		return cel.IntType, nil
	case reflect.Float64:
		return cel.DoubleType, nil
	case reflect.Struct:
		return cel.ObjectType(t.String()), nil
	case reflect.Slice:
		of, err := typeOf(t.Elem())
		return cel.ListType(of), err
	case reflect.Map:
		of, err := typeOf(t.Elem())
		return cel.MapType(cel.StringType, of), err
	default:
		return nil, fmt.Errorf("conditions know no %s", t)
	}
}

// structsOf are the structs in a type, which have to be declared.
func structsOf(t reflect.Type) map[reflect.Type]bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		return structsOf(t.Elem())
	case reflect.Struct:
		if t != reflect.TypeFor[time.Time]() {
			return map[reflect.Type]bool{t: true} // those inside it are found by CEL
		}
	}
	return nil
}

// Condition is a compiled condition. The empty one always holds.
type Condition[T any] struct {
	Text      string
	program   cel.Program
	variables []variable
}

// Compile checks a condition and makes it ready to run. What is wrong with it is
// a fault with the line and column of each mistake. A text that was compiled
// before costs a look-up.
func (l *Language[T]) Compile(text string) (*Condition[T], error) {
	l.mu.Lock()
	c, ok := l.kept[text]
	l.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := l.compile(text)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) >= maxKept { // rare: forgetting any is as good as forgetting the oldest
		for other := range l.kept {
			delete(l.kept, other)
			break
		}
	}
	l.kept[text] = c
	return c, nil
}

func (l *Language[T]) compile(text string) (*Condition[T], error) {
	if text == "" {
		return &Condition[T]{}, nil
	}
	if len(text) > maxText {
		return nil, fault.New(fault.Invalid, "rule.too_long", "The condition has more than %d characters: split the rule into several.", maxText)
	}
	env, err := l.env()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, l.misread(issues)
	}
	if out := ast.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, bad(Problem{1, 1, "it gives " + typeName(out.String()) + ", but a condition has to be true or false: compare it with something"})
	}
	cost, err := env.EstimateCost(ast, sizes{})
	if err != nil {
		return nil, err
	}
	if cost.Max > maxCost {
		return nil, fault.New(fault.Invalid, "rule.too_costly",
			"The condition may take too long: it goes through lists inside lists. Make it simpler, or split the rule into several.")
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, bad(Problem{1, 1, err.Error()})
	}
	return &Condition[T]{text, program, l.variables}, nil
}

// Match tells whether the condition holds. An error means that it could not be
// told, as of a map without the key it asks for, or that it cost too much.
func (c *Condition[T]) Match(ctx context.Context, v T) (bool, error) {
	if c.program == nil {
		return true, nil
	}
	out, _, err := c.program.ContextEval(ctx, activation{reflect.ValueOf(&v).Elem(), c.variables})
	if err != nil {
		return false, failed(ctx, err)
	}
	b, ok := out.Value().(bool)
	if !ok {
		return false, fault.New(fault.Invalid, "rule.failed", "The condition gave %v instead of true or false.", out.Value())
	}
	return b, nil
}

// failed explains why a condition gave no answer.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var over interpreter.EvalCancelledError
	if errors.As(err, &over) {
		return fault.New(fault.Invalid, "rule.too_costly", "The condition was stopped, because it took too long.")
	}
	return fault.New(fault.Invalid, "rule.failed", "The condition cannot be decided: %v. Ask first whether it is there, such as with has(...) or \"key\" in map.", err)
}

// activation gives a program the variables it asks for.
type activation struct {
	of        reflect.Value
	variables []variable
}

func (a activation) Parent() interpreter.Activation { return nil }

func (a activation) ResolveName(name string) (any, bool) {
	for _, v := range a.variables {
		if v.name == name {
			return a.of.FieldByIndex(v.index).Interface(), true
		}
	}
	return nil, false
}
