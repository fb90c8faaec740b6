package api

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mailpath/mailpath/probe"
)

// facts is one of each kind, for their names.
func facts() []probe.Fact {
	return []probe.Fact{
		probe.Sending{}, probe.Attempted{}, probe.Retrying{}, probe.GaveUp{}, probe.Seen{}, probe.Reported{}, probe.Looked{}, probe.Blind{}, probe.MissedDeadline{}, probe.Expired{},
		probe.Orphaned{}, probe.SlotsMissed{}, probe.SlotsSkipped{}, probe.Suspected{}, probe.FindingChanged{}, probe.Started{}, probe.ClockStepped{}, probe.Totals{}, probe.Note{}, probe.Maintenance{}, probe.IncidentChanged{},
	}
}

// Kinds are the names of the kinds of events.
func Kinds() []string {
	var kinds []string
	for _, f := range facts() {
		kinds = append(kinds, kindOf(f))
	}
	return kinds
}

// kindOf is the name of a fact's kind: its type's, in lower case.
func kindOf(f probe.Fact) string { return snake(reflect.TypeOf(f).Name()) }

// line is an event as it is written: its fields in their order, named as in the
// code. A field without a value is left out.
type line []field

type field struct {
	name  string
	value any // a string, a number, true, a line, or a list of these
}

func describe(e probe.Event) line {
	head := line{{"seq", uint64(e.Seq)}, {"time", written(e.At)}, {"kind", kindOf(e.Fact)}}
	return append(head, fieldsOf(reflect.ValueOf(e.Fact))...)
}

// fieldsOf is a structure's fields. Durations become seconds, and say so.
func fieldsOf(v reflect.Value) line {
	var l line
	for i := range v.NumField() {
		f := v.Field(i)
		if f.IsZero() {
			continue
		}
		name := snake(v.Type().Field(i).Name)
		if t := f.Type(); t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[[]time.Duration]() {
			name += "_seconds"
		}
		l = append(l, field{name, valueOf(f)})
	}
	return l
}

func valueOf(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Time:
		return written(x)
	case time.Duration:
		return x.Seconds()
	case fmt.Stringer: // an id, a result
		if v.Kind() != reflect.Pointer {
			return x.String()
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return valueOf(v.Elem())
	case reflect.Struct:
		return fieldsOf(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = valueOf(v.Index(i))
		}
		return list
	case reflect.String:
		return v.String()
	case reflect.Uint64: // more digits than every reader of JSON keeps
		return strconv.FormatUint(v.Uint(), 16)
	}
	return v.Interface()
}

// written is a time in RFC 3339, UTC, whole microseconds.
func written(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// snake is a name of the code in lower case, its words apart.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// MarshalJSON keeps the order of the fields.
func (l line) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, f := range l {
		if i > 0 {
			b = append(b, ',')
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, fmt.Errorf("writing field %s: %w", f.name, err)
		}
		b = append(append(append(b, strconv.Quote(f.name)...), ':'), value...)
	}
	return append(b, '}'), nil
}

func (l line) writeJSON(w io.Writer) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// writeText writes the line for people: number, local time, kind, and the rest.
func (l line) writeText(w io.Writer) error {
	at, err := time.Parse(time.RFC3339, l[1].value.(string))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%8d  %s  %-15s %s\n", l[0].value, at.Local().Format("2006-01-02 15:04:05.000"), l[2].value, l[3:])
	return err
}

// String is the fields as name=value.
func (l line) String() string {
	var parts []string
	for _, f := range l {
		parts = append(parts, f.name+"="+inText(f.value))
	}
	return strings.Join(parts, " ")
}

func inText(value any) string {
	switch v := value.(type) {
	case line:
		return "{" + v.String() + "}"
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, inText(x))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case string:
		if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
			return strconv.Quote(v)
		}
		return v
	}
	return fmt.Sprint(value)
}
