package outbound

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"purser/internal/base/fault"
)

func TestPolicyRefusesWhatIsNotPublic(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:443", "10.1.2.3:443", "172.16.0.1:443", "192.168.1.1:443", "169.254.169.254:443", "100.100.100.200:443",
		"0.0.0.0:443", "224.0.0.1:443", "255.255.255.255:443", "198.18.0.1:443", "192.0.2.1:443", "240.0.0.1:443",
		"[::1]:443", "[::]:443", "[::ffff:127.0.0.1]:443", "[::ffff:10.0.0.1]:443", "[fe80::1%eth0]:443", "[fc00::1]:443",
		"[fd00:ec2::254]:443", "[64:ff9b::7f00:1]:443", "[2002:7f00:1::]:443", "[2001:0:7f00:1::]:443", "[2001:db8::1]:443", "[ff02::1]:443",
		"8.8.8.8:22", "8.8.8.8:80", "8.8.8.8:5432", "[2606:4700::1111]:25",
	} {
		if err := (Policy{}).check(netip.MustParseAddrPort(address)); err == nil {
			t.Errorf("%s may be called", address)
		}
	}
	for _, address := range []string{"8.8.8.8:443", "[2606:4700::1111]:443", "1.1.1.1:8443", "[::ffff:1.1.1.1]:443"} {
		if err := (Policy{}).check(netip.MustParseAddrPort(address)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for _, bad := range []string{
		"", "example.com", "ftp://example.com", "http://example.com", "https://", "https://user:word@example.com/", "https://example.com:22/",
		"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/x", "https://example.com/#a", "javascript:alert(1)", "https://example.com:99999/",
	} {
		if err := (Policy{}).CheckURL(bad); !fault.Is(err, "outbound.bad_url") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"https://example.com", "https://example.com/hooks?a=b", "https://example.com:8443/"} {
		if err := (Policy{}).CheckURL(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	local := Policy{Allow: prefixes("127.0.0.0/8")}
	if err := local.CheckURL("http://127.0.0.1:8080/"); err != nil {
		t.Errorf("an allowed network: %v", err)
	}
	if err := local.CheckURL("http://10.0.0.1:8080/"); err == nil {
		t.Error("another network is allowed, too")
	}
}

// localhost is what a name that an attacker owns may resolve to.
func TestClientChecksWhatANameResolvesTo(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer s.Close()
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, url := range []string{"http://localhost" + port, "http://127.0.0.1" + port, "http://2130706433" + port, "http://0x7f.1" + port, "http://0177.0.0.1" + port} {
		if _, err := call(t, NewClient(Policy{}, 5*time.Second), url); err == nil {
			t.Errorf("%s was called", url)
		}
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("it was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer s.Close()
	status, err := call(t, NewClient(Policy{Allow: prefixes("127.0.0.0/8", "::1/128")}, 5*time.Second), s.URL+"/")
	if err != nil || status != http.StatusFound {
		t.Fatalf("%d, %v", status, err)
	}
}

func TestClientCallsOpenlyOnlyWhereItIsAllowed(t *testing.T) {
	p := Policy{Allow: prefixes("127.0.0.0/8")}
	if err := p.plain(netip.MustParseAddrPort("8.8.8.8:443")); err == nil {
		t.Error("a public address may be called without encryption")
	}
	if err := p.plain(netip.MustParseAddrPort("127.0.0.1:80")); err != nil {
		t.Error(err)
	}
}

func call(t *testing.T, c *http.Client, url string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
