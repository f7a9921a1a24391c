package connector

import (
	"maps"
	"testing"

	"purser/internal/base/fault"
)

var settings = []Setting{
	{Name: "key", Kind: Secret, Required: true},
	{Name: "mode", Kind: Choice, Options: []string{"live", "test"}, Default: "test"},
	{Name: "retries", Kind: Number},
	{Name: "notify", Kind: Switch, Default: "true"},
	{Name: "endpoint", Kind: URL},
}

func TestCompleteFillsInDefaults(t *testing.T) {
	got, err := Complete(settings, Values{"key": " k1 ", "retries": "3"})
	want := Values{"key": "k1", "mode": "test", "retries": "3", "notify": "true", "endpoint": ""}
	if err != nil || !maps.Equal(got, want) {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
	if !got.On("notify") || got.Number("retries") != 3 || got.Number("endpoint") != 0 {
		t.Errorf("values are not read: %v", got)
	}
}

func TestCompleteTellsOfEveryFieldThatIsWrong(t *testing.T) {
	_, err := Complete(settings, Values{
		"mode": "prod", "retries": "-1", "notify": "yes", "endpoint": "ftp://x", "colour": "red",
	})
	f, ok := fault.As(err)
	if !ok || f.Code != "connector.invalid" || len(f.Fields) != 6 {
		t.Fatalf("%v", err)
	}
}

func TestShownHidesSecrets(t *testing.T) {
	got := Shown(settings, Values{"key": "k1", "mode": "live"})
	if got["key"] != "(set)" || got["mode"] != "live" {
		t.Errorf("%v", got)
	}
	if got := Shown(settings, Values{}); got["key"] != "" {
		t.Errorf("a secret that is not set is shown as set: %v", got)
	}
}
