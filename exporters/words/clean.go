package words

import (
	"reflect"
	"strings"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
)

// maxWords is how long a text of somebody's may be in what people are told, in characters.
const maxWords = 2000

// maxItems is how many items of a list are told: no situation has as many of anything
// but for an accident.
const maxItems = 1000

// line makes a text of somebody's harmless, in one line.
func line(text string, limit int) string { return situation.CleanLine(text, limit) }

// clean copies a value of any type with all texts in it cleaned and all times in a zone. It
// changes nothing of the original.
func clean[T any](v T, zone *time.Location) T {
	var copied T
	cleanInto(reflect.ValueOf(&copied).Elem(), reflect.ValueOf(&v).Elem(), zone)
	return copied
}

func cleanInto(to, from reflect.Value, zone *time.Location) {
	switch from.Kind() {
	case reflect.String:
		to.SetString(line(from.String(), maxWords))
	case reflect.Struct:
		cleanStruct(to, from, zone)
	case reflect.Slice:
		n := min(from.Len(), maxItems)
		to.Set(reflect.MakeSlice(from.Type(), n, n))
		for i := range n {
			cleanInto(to.Index(i), from.Index(i), zone)
		}
	case reflect.Map:
		to.Set(reflect.MakeMap(from.Type()))
		for key, value := range from.Seq2() {
			c := reflect.New(value.Type()).Elem()
			cleanInto(c, value, zone)
			to.SetMapIndex(key, c)
		}
	case reflect.Interface, reflect.Pointer:
		cleanBehind(to, from, zone)
	default:
		to.Set(from)
	}
}

func cleanStruct(to, from reflect.Value, zone *time.Location) {
	to.Set(from)
	if t, is := from.Interface().(time.Time); is {
		if !t.IsZero() {
			to.Set(reflect.ValueOf(t.In(zone)))
		}
		return
	}
	for i := range from.NumField() {
		if to.Type().Field(i).IsExported() {
			cleanInto(to.Field(i), from.Field(i), zone)
		}
	}
}

// cleanBehind cleans what an interface or a pointer leads to.
func cleanBehind(to, from reflect.Value, zone *time.Location) {
	if from.IsNil() {
		return
	}
	c := reflect.New(from.Elem().Type())
	cleanInto(c.Elem(), from.Elem(), zone)
	if from.Kind() == reflect.Pointer {
		to.Set(c)
		return
	}
	to.Set(c.Elem())
}

// tidy leaves at most one empty line between paragraphs, and none at the ends.
func tidy(text string) string {
	var b strings.Builder
	empty := 0
	for l := range strings.Lines(strings.TrimSpace(text)) {
		l = strings.TrimRight(l, " \n")
		if l == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n"[:min(empty, 1)+1])
		}
		b.WriteString(l)
		empty = 0
	}
	return b.String()
}

// markdown writes a text so that Markdown (CommonMark 0.31, section 2.4) shows it as it is,
// and HTML in it, too.
func markdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_[]<>#|~&!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
